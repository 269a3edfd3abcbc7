"""SAM files as lines of JSON, one per record, and back, byte for byte.

``{"kind": "medical_dental", "record": "A", "line": 2, "values": {"claim_no": "2026070001", …}}``

- ``record``: the record letter; ``line``: line number in its file; ``values``: by ``name_en``.
- Text (``an``): a string without the spaces on the right. A CCYYMMDD date that exists: ISO, ``"2026-07-15"``.
- Numbers (``n``): whole ones as JSON integers, those with implied decimals as strings with exactly that many digits
  behind the point (``"720.00"``), so that nothing is ever a float. A blank number is ``null``.

Lines come in the order of the files, inside a file in its order. Further keys stand only where the bytes are not what
a writer of this package would have written for the values:

- ``"bytes": 204``     the record's length, when it is not the full length of the version its header states;
- ``"end": "lf"``      (or ``"none"``) the line end, when it is not CR LF;
- ``"fill": "space"``  numbers are filled with spaces instead of zeros;
- ``"raw": {field: text}`` the field's bytes as Latin-1 text, where they say something else than the value; they win;
- ``"as_is": true``    required fields are empty or codes unknown, and stood so in the file: not checked when written;
- ``"base64": …``      instead of values: the bytes of a line that is no record (``"record": null``); in the files of
  a split kind with ``"of"``, the record of its file.

``{"record": "FILE", "values": {"name": …, "bom": false}}`` begins a file when the set is not the one its kind
demands (other names, missing or further files); ``{"record": "MEDLOG", "values": {"title": …}}`` is MEDLOG.ENC.
"""

from __future__ import annotations

from cheonggu.formats.ndjson_read import encode_set
from cheonggu.formats.ndjson_write import decode_set

__all__ = ["decode_set", "encode_set"]
