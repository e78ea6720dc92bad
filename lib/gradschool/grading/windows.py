"""Windows' job objects: processes that end together, and limits on them.

Reached through ctypes; on other systems only `OWN_GROUP` is of use here.
"""

import ctypes
import subprocess

OWN_GROUP = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) | getattr(subprocess, "CREATE_NO_WINDOW", 0)

# From winnt.h.
ACTIVE_PROCESS, PROCESS_MEMORY, DIE_ON_UNHANDLED_EXCEPTION, KILL_ON_JOB_CLOSE = 0x8, 0x100, 0x400, 0x2000
EXTENDED_LIMIT_INFORMATION = 9
PROCESS_TERMINATE, PROCESS_SET_QUOTA = 0x1, 0x100


class _BasicLimits(ctypes.Structure):
    _fields_ = [
        ("PerProcessUserTimeLimit", ctypes.c_int64),
        ("PerJobUserTimeLimit", ctypes.c_int64),
        ("LimitFlags", ctypes.c_uint32),
        ("MinimumWorkingSetSize", ctypes.c_size_t),
        ("MaximumWorkingSetSize", ctypes.c_size_t),
        ("ActiveProcessLimit", ctypes.c_uint32),
        ("Affinity", ctypes.c_size_t),
        ("PriorityClass", ctypes.c_uint32),
        ("SchedulingClass", ctypes.c_uint32),
    ]


class ExtendedLimits(ctypes.Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION."""

    _fields_ = [
        ("BasicLimitInformation", _BasicLimits),
        ("IoInfo", ctypes.c_uint64 * 6),
        ("ProcessMemoryLimit", ctypes.c_size_t),
        ("JobMemoryLimit", ctypes.c_size_t),
        ("PeakProcessMemoryUsed", ctypes.c_size_t),
        ("PeakJobMemoryUsed", ctypes.c_size_t),
    ]


class Job:
    """Puts a process and all that it will start under limits; they end when this is closed or its holder dies.

    Parameters
    ----------
    pid : int
    memory : int, optional
        Bytes that each of the processes may take.
    processes : int, optional
        How many there may be at once.

    Raises
    ------
    OSError
        When it cannot be done: the process is then without limits.
    """

    def __init__(self, pid, memory=None, processes=None):
        kernel = _kernel()
        self._handle = _check(kernel.CreateJobObjectW(None, None))
        limits = ExtendedLimits()
        basic = limits.BasicLimitInformation
        basic.LimitFlags = KILL_ON_JOB_CLOSE | DIE_ON_UNHANDLED_EXCEPTION
        if memory:
            basic.LimitFlags |= PROCESS_MEMORY
            limits.ProcessMemoryLimit = memory
        if processes:
            basic.LimitFlags |= ACTIVE_PROCESS
            basic.ActiveProcessLimit = processes
        try:
            _check(
                kernel.SetInformationJobObject(
                    self._handle, EXTENDED_LIMIT_INFORMATION, ctypes.byref(limits), ctypes.sizeof(limits)
                )
            )
            process = _check(kernel.OpenProcess(PROCESS_TERMINATE | PROCESS_SET_QUOTA, False, pid))
            try:
                _check(kernel.AssignProcessToJobObject(self._handle, process))
            finally:
                kernel.CloseHandle(process)
        except OSError:
            kernel.CloseHandle(self._handle)
            raise

    def close(self):
        """End all its processes."""
        if self._handle:
            _kernel().TerminateJobObject(self._handle, 1)
            _kernel().CloseHandle(self._handle)
            self._handle = None


def _kernel():
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    handle, number = ctypes.c_void_p, ctypes.c_uint32
    for name, result, *arguments in (
        ("CreateJobObjectW", handle, ctypes.c_void_p, ctypes.c_wchar_p),
        ("SetInformationJobObject", ctypes.c_int, handle, ctypes.c_int, ctypes.c_void_p, number),
        ("OpenProcess", handle, number, ctypes.c_int, number),
        ("AssignProcessToJobObject", ctypes.c_int, handle, handle),
        ("TerminateJobObject", ctypes.c_int, handle, number),
        ("CloseHandle", ctypes.c_int, handle),
    ):
        function = getattr(kernel, name)
        function.restype, function.argtypes = result, arguments
    return kernel


def _check(result):
    if not result:
        raise ctypes.WinError(ctypes.get_last_error())
    return result
