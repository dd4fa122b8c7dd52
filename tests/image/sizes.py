"""sizes.py INSPECT LAYERS: what each layer of an image adds, as a table. INSPECT is what `buildah inspect`
says of the image, LAYERS the storage's list of layers."""

import json
import re
import sys


def name(created_by):
    components = re.search(r"/recipes/add ([a-z0-9 -]+)", created_by)
    if components:
        return components.group(1).strip()
    return "the base"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        image = json.load(file)["OCIv1"]
    with open(sys.argv[2], encoding="utf-8") as file:
        sizes = {layer.get("diff-digest"): layer.get("diff-size", 0) for layer in json.load(file)}
    made = [entry for entry in image["history"] if not entry.get("empty_layer")]
    print("| layer | size |\n|---|---|")
    total = 0
    for entry, digest in zip(made, image["rootfs"]["diff_ids"], strict=True):
        size = sizes.get(digest, 0)
        total += size
        if size > 100_000:
            print(f"| {name(entry.get('created_by', ''))} | {size / 1e6:.1f} MB |")
    print(f"| all of it | {total / 1e6:.1f} MB |")


main()
