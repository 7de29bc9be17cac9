"""Archives with other contents: rewritten so that nothing else about them changes. A file a format.

Every format does it in the same way (`Repack`): what an `Edit` leaves as it is keeps its very bytes, compressed ones
too. What comes out is read again and compared with what went in (`keyguard.repack.check`) before anybody gets it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from importlib import import_module

from keyguard.archive.bounds import Budget
from keyguard.errors import ArchiveError
from keyguard.repack.check import check
from keyguard.repack.edit import Edit, Noted

Repack = Callable[[bytes, Edit, Budget], bytes]
"""What the `repacked` of each format's module is: an archive, as `edit` wants it.

Raises ArchiveError, whose text says why that cannot be done exactly, and BoundError where the budget is spent.
"""


def repacked(kind: str, data: bytes, edit: Edit, budget: Budget) -> bytes:
    """An archive of a kind (see `keyguard.archive_shape`) as `edit` wants it, and otherwise as it was.

    Raises ArchiveError, whose text says why that cannot be done exactly: then nothing of the archive is to be used.
    """
    noted = Noted(edit)
    repack: Repack = import_module(f"keyguard.repack.{kind}").repacked
    try:
        made = edit.fixed(repack(data, noted, budget))
    except struct.error as error:
        raise ArchiveError("something in it would be too long for its format") from error
    if made == data:
        return data
    check(kind, data, made, noted)
    if noted.misnames:
        raise ArchiveError("the changed member is named by its checksum")
    return made
