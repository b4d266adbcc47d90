"""What can go wrong, as a caller would want to catch it.

TandemError
├── UsageError        a setting or an argument that cannot be meant (unknown plugin, segment, option)
├── DataError         the recording or a signal cannot be used as given
│   ├── FormatError   a file is not what its name says, is damaged or has another schema version
│   ├── SignalError   the numbers themselves are unusable (too short, wrong shape, no finite sample)
│   └── SyncError     the streams could not be brought to one clock
├── StorageError      the disk refused: full, read-only, not there
└── DeviceError       a sensor or a camera could not be reached or stopped answering

Every message says what, got and cure, in that order.
"""


class TandemError(Exception):
    """Base of every error that Tandem Gait raises on purpose."""


class UsageError(TandemError, ValueError):
    """An argument or a setting that cannot be meant."""


class DataError(TandemError, ValueError):
    """The data cannot be used as given."""


class FormatError(DataError):
    """A file is not what it claims to be, is damaged, or has an unknown schema version."""


class SignalError(DataError):
    """The numbers of a signal are unusable: too short, of the wrong shape, or never finite."""


class SyncError(DataError):
    """The streams could not be brought to one clock."""


class StorageError(TandemError, OSError):
    """The disk refused: full, read-only or not there."""


class DeviceError(TandemError):
    """A sensor or a camera could not be reached or stopped answering."""
