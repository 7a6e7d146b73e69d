"""Whether the mock KMS's certificate is good for each name: prints one word a name.
Usage: mock_kms_tls.py ADDRESS NAME…, with AWS_CA_BUNDLE."""

import os
import socket
import ssl
import sys

host, port = sys.argv[1].split(":")
trusting = ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"])
for name in sys.argv[2:]:
    with socket.create_connection((host, int(port))) as connection:
        try:
            trusting.wrap_socket(connection, server_hostname=name).close()
            print("good")
        except ssl.SSLCertVerificationError:
            print("refused")
