#!/bin/sh
# Print the path of a Python 3.13, the functions' runtime; pyenv's versions are looked through
# too, because their shims refuse unless the version is selected.
for candidate in python3.13 "$(command -v pyenv >/dev/null 2>&1 && pyenv root)"/versions/3.13.*/bin/python3.13 python3; do
    "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null || continue
    "$candidate" -c 'import sys; print(sys.executable)'
    exit 0
done
echo "hooklog needs Python 3.13, the runtime of its functions, and found none." >&2
echo "Install it with your system's packages (python3.13 and python3.13-venv) or with" >&2
echo "'pyenv install 3.13', or name one: make PYTHON=/path/to/python3.13 …" >&2
exit 1
