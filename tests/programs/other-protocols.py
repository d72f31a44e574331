import sys

for line in (
    'data: {"status":"succeeded"}\n\nevent: result\nid: 999999-0\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    '*3\r\n$6\r\nCONFIG\r\n$3\r\nSET\r\n$3\r\ndir\r\n+OK\r\n-ERR\r\n',
    '{"type":"stdout","data":"x"}\n{"state":"finished"}\n[DONE]\n',
    '\x81\x05hello\x88\x00',
    '__proto__ constructor %s %n ${7*7} {{7*7}} <%= 7*7 %> #{7*7}\n',
    "'; DROP TABLE jobs; --\n",
):
    sys.stdout.write(line)
