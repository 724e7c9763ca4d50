#!/usr/bin/env python3
"""Writes Images/: small files in the formats that are decoded, and expected.json with their pixels as Pillow sees them,
upright and on white, and resized. Run it in a venv with Pillow and numpy; made with Pillow 13.0."""

import json
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

FOLDER = Path(__file__).parent / "Images"
FOLDER.mkdir(exist_ok=True)
random = np.random.default_rng(20240501)
expected = {"decoded": {}, "resized": []}


def described(image):
    image = image if image.mode in ("L", "RGB") else image.convert("RGB")
    return {
        "width": image.width,
        "height": image.height,
        "channels": len(image.getbands()),
        "pixels": np.asarray(image).reshape(-1).tolist(),
    }


def expect(name, image):
    expected["decoded"][name] = described(image)


def on_white(image):
    rgba = image.convert("RGBA")
    white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, rgba).convert("RGB")


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def write_png(name, samples, bits, colour, interlaced=False, extra=b""):
    """What Pillow does not write: 16-bit colour, Adam7. `samples`: [height, width, channels]."""
    height, width, _ = samples.shape

    def rows(part):
        dtype = ">u2" if bits == 16 else "u1"
        return b"".join(b"\0" + row.astype(dtype).tobytes() for row in part)

    if interlaced:
        passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
        parts = [samples[y::dy, x::dx] for y, x, dy, dx in passes]
        raw = b"".join(rows(part) for part in parts if part.size)
    else:
        raw = rows(samples)
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, int(interlaced))
    (FOLDER / name).write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")
    )


def smooth(width, height, channels):
    """A picture that JPEG keeps well."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [127 + 100 * np.sin(0.25 * (c + 1) * x + 0.2 * y + c) for c in range(channels)]
    return np.stack(planes, -1).astype(np.uint8)


# PNG
rgb = random.integers(0, 256, (6, 7, 3), dtype=np.uint8)
grey = rgb[:, :, :1]
Image.fromarray(rgb).save(FOLDER / "rgb.png")
expect("rgb.png", Image.fromarray(rgb))
Image.fromarray(grey[:, :, 0]).save(FOLDER / "grey.png")
expect("grey.png", Image.fromarray(grey[:, :, 0]))
palette = Image.fromarray(rgb).quantize(9)
palette.save(FOLDER / "palette.png")
expect("palette.png", palette.convert("RGB"))
palette.save(FOLDER / "palette-transparent.png", transparency=bytes([0, 40, 128, 200]))
expect("palette-transparent.png", on_white(Image.open(FOLDER / "palette-transparent.png")))
alpha = np.concatenate([rgb, random.integers(0, 256, (6, 7, 1), dtype=np.uint8)], -1)
Image.fromarray(alpha, "RGBA").save(FOLDER / "rgba.png")
expect("rgba.png", on_white(Image.fromarray(alpha, "RGBA")))
grey_alpha = Image.fromarray(alpha[:, :, 2:], "LA")
grey_alpha.save(FOLDER / "grey-alpha.png")
expect("grey-alpha.png", on_white(grey_alpha).convert("L"))
bit = Image.fromarray((grey[:, :, 0] > 127))
bit.save(FOLDER / "grey-1-bit.png")
expect("grey-1-bit.png", bit.convert("L"))
wide = random.integers(0, 65536, (6, 7, 3))
rounded = ((wide * 255 + 32767) // 65535).astype(np.uint8)
write_png("rgb-16-bit.png", wide, 16, 2)
expect("rgb-16-bit.png", Image.fromarray(rounded))
write_png("grey-16-bit.png", wide[:, :, :1], 16, 0)
expect("grey-16-bit.png", Image.fromarray(rounded[:, :, 0]))
large = random.integers(0, 256, (11, 13, 3), dtype=np.uint8)
write_png("rgb-interlaced.png", large, 8, 2, interlaced=True)
expect("rgb-interlaced.png", Image.open(FOLDER / "rgb-interlaced.png"))
assert np.array_equal(np.asarray(Image.open(FOLDER / "rgb-interlaced.png")), large)
write_png("grey-16-bit-interlaced.png", wide[:, :, :1], 16, 0, interlaced=True)
expect("grey-16-bit-interlaced.png", Image.fromarray(rounded[:, :, 0]))
# One colour is transparent.
write_png("rgb-key.png", rgb, 8, 2, extra=chunk(b"tRNS", struct.pack(">HHH", *map(int, rgb[2, 3]))))
keyed = rgb.copy()
keyed[2, 3] = 255
expect("rgb-key.png", Image.fromarray(keyed))

# JPEG
picture = Image.fromarray(smooth(19, 13, 3))
picture.save(FOLDER / "rgb.jpg", quality=90, subsampling=0)
picture.save(FOLDER / "subsampled.jpg", quality=90, subsampling=2)
picture.save(FOLDER / "progressive.jpg", quality=80, progressive=True)
picture.convert("L").save(FOLDER / "grey.jpg", quality=90)
for name in ("rgb.jpg", "subsampled.jpg", "progressive.jpg", "grey.jpg"):
    expect(name, Image.open(FOLDER / name))
Image.fromarray(smooth(19, 13, 4), "CMYK").save(FOLDER / "cmyk.jpg", quality=90)
data = bytearray((FOLDER / "cmyk.jpg").read_bytes())
data[data.index(b"Adobe") + 11] = 2  # declares the same data as YCCK
(FOLDER / "ycck.jpg").write_bytes(data)
for name in ("cmyk.jpg", "ycck.jpg"):
    cmyk = np.asarray(Image.open(FOLDER / name)).astype(int)
    converted = ((255 - cmyk[:, :, :3]) * (255 - cmyk[:, :, 3:]) + 127) // 255
    expect(name, Image.fromarray(converted.astype(np.uint8)))

# EXIF: quadrants of four colours, so that any two orientations differ.
quadrants = np.zeros((8, 16, 3), np.uint8)
quadrants[:4, :8], quadrants[:4, 8:], quadrants[4:, :8], quadrants[4:, 8:] = (
    (200, 40, 40), (40, 200, 40), (40, 40, 200), (210, 210, 60))
for orientation in range(1, 9):
    exif = Image.Exif()
    exif.endian = "<" if orientation % 2 else ">"
    exif[0x0112] = orientation
    name = f"orientation-{orientation}.jpg"
    Image.fromarray(quadrants).save(FOLDER / name, quality=95, subsampling=0, exif=exif)
    expect(name, ImageOps.exif_transpose(Image.open(FOLDER / name)))
exif = Image.Exif()
exif[0x0112] = 6
Image.fromarray(rgb).save(FOLDER / "orientation-6.png", exif=exif)
expect("orientation-6.png", ImageOps.exif_transpose(Image.open(FOLDER / "orientation-6.png")))

# Resizing
for channels in (1, 3):
    for width, height in ((13, 9), (3, 30)):
        source = random.integers(0, 256, (height, width, channels), dtype=np.uint8)
        image = Image.fromarray(source[:, :, 0] if channels == 1 else source)
        sizes = ((5, 4), (17, 11), (13, 3), (1, 1), (21, 2))
        results = [described(image.resize(size, Image.Resampling.BILINEAR)) for size in sizes]
        expected["resized"].append({"source": described(image), "results": results})

(FOLDER / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")
