"""The child process of `HtmlCleaner`: cleans the HTML on its standard input and ends.

Cleaning a large page takes seconds in code that cannot be interrupted and would block the service.
The operating system limits the time and the memory of this process.
"""

import resource
import sys
from typing import Final

from shared.mail.html.sanitizer import sanitise

TOO_HEAVY: Final = 3
"""The exit code for a page that is too long or nests too deeply."""


def main() -> int:
    """Clean one page within the CPU seconds and the octets of memory given as arguments."""
    seconds, memory = map(int, sys.argv[1:])
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    page = sanitise(sys.stdin.buffer.read().decode())
    if page is None:
        return TOO_HEAVY
    sys.stdout.buffer.write(page.encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
