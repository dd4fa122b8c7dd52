"""Tells every setting of the installed Selkies as one JSON document on standard output.

Run by that Selkies' own Python as `python -I -`, with this text on standard input. Only the table of the
settings is imported; nothing is started. Whatever the import prints goes to standard error.
"""

import json
import os
import re
import sys
from importlib.metadata import version


def keep_output_clean():
    """A descriptor of the real standard output; the number 1 leads to standard error from here on."""
    answer = os.dup(1)
    os.dup2(2, 1)
    return answer


def definitions():
    # The table narrows itself by the environment and the arguments that it finds.
    os.environ.clear()
    sys.argv[:] = ["selkies"]
    from selkies.settings import SETTING_DEFINITIONS

    return SETTING_DEFINITIONS


def described(setting):
    meta = setting.get("meta") or {}
    entry = {
        "name": setting["name"],
        "type": setting["type"],
        "default": default_of(setting, meta),
        "help": setting.get("help", ""),
    }
    if "allowed" in meta:
        entry["allowed"] = [str(value) for value in meta["allowed"]]
    lowest, highest = bounds_of(setting, meta)
    if lowest is not None:
        entry["min"] = lowest
    if highest is not None:
        entry["max"] = highest
    if meta.get("value_range"):
        entry["value_range"] = list(meta["value_range"])
    entry["env_vars"] = variables_of(setting)
    entry["secret"] = bool(setting.get("sensitive"))
    return entry


def default_of(setting, meta):
    """As one would write it in the environment; of a range, the initial value and the span."""
    default = setting["default"]
    if setting["type"] == "range" and "default_value" in meta:
        return f"{plain(meta['default_value'])},{default}"
    if setting["type"] == "list" and not isinstance(default, str):
        return ",".join(str(item) for item in default)
    return plain(default)


def plain(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def bounds_of(setting, meta):
    """What a value is held to, None where there is no bound. Selkies prefers a setting's own over its meta's."""
    if setting["type"] == "range":
        span = re.fullmatch(r"(-?[0-9.]+)-(-?[0-9.]+)", str(setting["default"]))
        return sorted(number(part) for part in span.groups()) if span else (None, None)
    return setting.get("min", meta.get("min")), setting.get("max", meta.get("max"))


def number(text):
    value = float(text)
    return int(value) if value.is_integer() else value


def variables_of(setting):
    """In the order of their rank."""
    others = setting.get("env_var") or []
    others = [others] if isinstance(others, str) else list(others)
    return list(dict.fromkeys([f"SELKIES_{setting['name'].upper()}", *others]))


def main():
    answer = keep_output_clean()
    try:
        document = {"version": version("selkies"), "settings": [described(setting) for setting in definitions()]}
    except Exception as error:
        sys.exit(f"the settings of Selkies cannot be read: {type(error).__name__}: {error}")
    with os.fdopen(answer, "w", encoding="utf-8") as output:
        output.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


main()
