"""Whether an archive is signed: another content would be taken for a forgery."""

from __future__ import annotations

import re
from collections.abc import Iterable

# JAR File Specification, "Signed JAR File"; ODF 1.3 part 2 and EPUB 3.3, "signatures.xml"; ECMA-376 part 2, "Digital
# Signatures"; NuGet, "Signed Packages"; PEP 427, "Signed wheel files"; what Mozilla signs extensions with.
_SIGNATURES = re.compile(
    rb"META-INF/[^/]*\.(?:SF|RSA|DSA|EC)|META-INF/(?:cose\.sig|documentsignatures\.xml|signatures\.xml)"
    rb"|_xmlsignatures/.*|package/services/digital-signature/.*|\.signature\.p7s|[^/]*\.dist-info/RECORD\.(?:jws|p7s)",
    re.IGNORECASE | re.DOTALL,
)

APK_BLOCK = b"APK Sig Block 42"
"""With this ends what signs an apk as a whole, before the directory (Android, "APK Signature Scheme v2")."""


def is_signed(names: Iterable[bytes], before_directory: bytes) -> bool:
    """Whether a zip is signed, by the names in it and by what stands right before its directory."""
    return before_directory.endswith(APK_BLOCK) or any(map(_SIGNATURES.fullmatch, names))
