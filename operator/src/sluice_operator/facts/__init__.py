"""What records and children prove about one object: pure readings that several planners share.

Facts come from records, never from status: a status may be deleted or forged, a record may not.
"""
