"""Makes a thumbnail of each PNG, BMP or PPM picture that lands in incoming/ and stores it in thumb/."""

import os
import re
import struct
import urllib.parse
import zlib

import boto3

LONGEST_SIDE = 64

# AWS_ENDPOINT_URL is set on a local AWS only; path style works there and on AWS.
s3 = boto3.client("s3", config=boto3.session.Config(s3={"addressing_style": "path"}, proxies={}))


def handler(event, context):
    made = []
    for record in event["Records"]:
        bucket = record["s3"]["bucket"]["name"]
        key = urllib.parse.unquote_plus(record["s3"]["object"]["key"])
        print(f"Reading s3://{bucket}/{key}")
        data = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        width, height, pixels = decode(data)
        print(f"{width} x {height} pixels, {len(data)} bytes")
        small_width, small_height, small = shrink(width, height, pixels)
        name = os.path.splitext(os.path.basename(key))[0]
        target = f"thumb/{name}.png"
        picture = encode_png(small_width, small_height, small)
        s3.put_object(Bucket=bucket, Key=target, Body=picture, ContentType="image/png")
        print(f"Wrote s3://{bucket}/{target}: {small_width} x {small_height} pixels, {len(picture)} bytes")
        made.append({"thumbnail": f"s3://{bucket}/{target}", "width": small_width, "height": small_height})
    return {"made": made}


def decode(data):
    """(width, height, rows of RGB bytes) of a picture."""
    if data.startswith(b"\x89PNG"):
        return decode_png(data)
    if data.startswith(b"BM"):
        return decode_bmp(data)
    if data.startswith(b"P6"):
        return decode_ppm(data)
    raise ValueError("not a PNG, BMP or PPM picture")


def decode_ppm(data):
    header = re.match(rb"P6\s+(\d+)\s+(\d+)\s+255\s", data)
    if not header:
        raise ValueError("only PPM with 8 bits per colour and no comments is supported")
    width, height = int(header[1]), int(header[2])
    pixels = data[header.end() :]
    return width, height, [pixels[row * width * 3 : (row + 1) * width * 3] for row in range(height)]


def decode_bmp(data):
    start = struct.unpack_from("<I", data, 10)[0]
    width, height, _, bits, compression = struct.unpack_from("<iiHHI", data, 18)
    if bits != 24 or compression:
        raise ValueError("only uncompressed 24 bit BMP is supported")
    stride = (width * 3 + 3) // 4 * 4
    rows = []
    for row in range(abs(height)):
        line = bytearray(data[start + row * stride :][: width * 3])
        line[0::3], line[2::3] = line[2::3], line[0::3]
        rows.append(bytes(line))
    if height > 0:
        rows.reverse()
    return width, abs(height), rows


def decode_png(data):
    position, packed = 8, b""
    while position < len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        body = data[position + 8 : position + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", body)
        elif kind == b"IDAT":
            packed += body
        position += length + 12
    if depth != 8 or colour not in (2, 6) or interlaced:
        raise ValueError("only 8 bit RGB and RGBA PNG without interlacing is supported")
    step = 3 if colour == 2 else 4
    raw = zlib.decompress(packed)
    rows, above = [], bytearray(width * step)
    for row in range(height):
        start = row * (width * step + 1)
        line = bytearray(raw[start + 1 : start + 1 + width * step])
        undo_filter(raw[start], line, above, step)
        rgb = line
        if step == 4:
            rgb = bytearray(width * 3)
            for channel in range(3):
                rgb[channel::3] = line[channel::4]
        rows.append(bytes(rgb))
        above = line
    return width, height, rows


def undo_filter(kind, line, above, step):
    """Undo one of the five PNG row filters, in place."""
    if kind == 0:
        return
    for i in range(len(line)):
        left = line[i - step] if i >= step else 0
        up = above[i]
        if kind == 1:
            guess = left
        elif kind == 2:
            guess = up
        elif kind == 3:
            guess = (left + up) // 2
        else:
            corner = above[i - step] if i >= step else 0
            base = left + up - corner
            guess = min((left, up, corner), key=lambda value: abs(base - value))
        line[i] = (line[i] + guess) & 255


def shrink(width, height, rows):
    """Average boxes of pixels until the longest side fits."""
    box = max(1, -(-max(width, height) // LONGEST_SIDE))
    small_width, small_height = width // box or 1, height // box or 1
    small = []
    for y in range(small_height):
        line = bytearray()
        block = rows[y * box : (y + 1) * box]
        for x in range(small_width):
            for channel in range(3):
                start = x * box * 3 + channel
                values = [value for row in block for value in row[start : start + box * 3 : 3][:box]]
                line.append(sum(values) // len(values))
        small.append(bytes(line))
    return small_width, small_height, small


def encode_png(width, height, rows):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    packed = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
