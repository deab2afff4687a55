"""Certificate requests as openssl reads them."""

from configparser import ConfigParser

from sluice_localcluster.pki import CertificateRequest, render_request


def parse(request: CertificateRequest) -> ConfigParser:
    parser = ConfigParser()
    parser.optionxform = str  # openssl's names have capitals
    parser.read_string(render_request(request))
    return parser


def test_a_servers_certificate_names_where_it_listens() -> None:
    found = parse(CertificateRequest("api", dns_names=("localhost",), addresses=("127.0.0.1",)))
    assert found["extensions"]["subjectAltName"] == "DNS:localhost, IP:127.0.0.1"
    assert found["extensions"]["extendedKeyUsage"] == "serverAuth"
    assert found["extensions"]["basicConstraints"] == "critical, CA:FALSE"


def test_a_clients_certificate_names_its_group() -> None:
    found = parse(CertificateRequest("client", "system:masters"))
    assert dict(found["subject"]) == {"CN": "client", "O": "system:masters"}
    assert found["extensions"]["extendedKeyUsage"] == "clientAuth"
    assert "subjectAltName" not in found["extensions"]
