"""Finishes an upload that somebody else began, with tuspy: tus.py FILE ADDRESS."""

import sys

from tusclient.client import TusClient

path, address = sys.argv[1:]
uploader = TusClient(address).uploader(path, url=address, chunk_size=64 * 1024, retries=5, retry_delay=0.2)
uploader.upload()
print(uploader.offset)
