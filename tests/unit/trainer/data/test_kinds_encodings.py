"""Text that is not UTF-8: an encoding is named only where the bytes say which."""

import pytest

from sluice_trainer.data.kinds import identify

CHINESE = "文本,标签\n" + "".join(f"订单没有收到{i},物流\n退款{i},退款\n" for i in range(20))
JAPANESE = "text,label\n" + "".join(f"注文のレポートが届きません{i},配送\n" for i in range(20))
RUSSIAN = "text,label\n" + "".join(f"заказ не пришёл {i},доставка\n" for i in range(20))
POLISH = "text,label\n" + "".join(f"zamówienie nie dotarło, proszę {i}\n" for i in range(20))
FRENCH = "text,label\n" + "".join(f"reçu l’été, à Noël «déjà» {i},créée\n" for i in range(20))
GERMAN = "text,label\n" + "".join(f"geprüfte Größe {i},übergroß\n" for i in range(20))


def _what(data: bytes) -> str:
    kind = identify(data, len(data), "CSV")
    assert kind is not None
    return f"{kind.what}; {kind.advice}"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (CHINESE, "gbk"),
        (CHINESE.replace("标签", "b"), "gb18030"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
        (RUSSIAN, "koi8-r"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "cp866"),
        (POLISH, "cp1250"),
        (GERMAN, "mac_roman"),
    ],
)
def test_no_western_encoding_is_named_for_other_bytes(text: str, encoding: str) -> None:
    told = _what(text.encode(encoding))
    assert "no Western encoding" in told
    assert "from the encoding that it was written in" in told


@pytest.mark.parametrize(
    "text", [FRENCH, "text,label\nthé,a\nd—ash,b\n“quote”,c\n", "n\nCafé… où?\nÀ ça\né\n"]
)
def test_western_text_is_told_as_windows_1252(text: str) -> None:
    assert "WINDOWS-1252" in _what(text.encode("cp1252"))


@pytest.mark.parametrize("encoding", ["UTF-16LE", "UTF-16BE"])
@pytest.mark.parametrize("text", [CHINESE, RUSSIAN, "текст,метка\nа,б\n", '{"текст": "а"}\n'])
def test_utf16_without_a_mark_is_known_in_any_script(text: str, encoding: str) -> None:
    assert f"text in {encoding} without a byte order mark" in _what(text.encode(encoding))


@pytest.mark.parametrize("data", [b"\0\1\2,\0\n\3" * 9, b"text,label\0\0\0\0\n" * 3, bytes(range(256)) * 4])
def test_other_bytes_with_zeros_are_binary(data: bytes) -> None:
    assert "binary data" in _what(data)
