import errno
import socket

AF = socket
for name, family, kind, protocol in [
    ('packet', AF.AF_PACKET, socket.SOCK_RAW, 0x0300),
    ('raw icmp', AF.AF_INET, socket.SOCK_RAW, 1),
    ('ping', AF.AF_INET, socket.SOCK_DGRAM, 1),
    ('sctp', AF.AF_INET, socket.SOCK_STREAM, 132),
    ('igmp as a stream', AF.AF_INET, socket.SOCK_STREAM, 2),
    ('a type that is none', AF.AF_INET6, 7, 0),
    ('raw icmp6', AF.AF_INET6, socket.SOCK_RAW, 58),
    ('vsock', AF.AF_VSOCK, socket.SOCK_STREAM, 0),
    ('alg', AF.AF_ALG, socket.SOCK_SEQPACKET, 0),
    ('bluetooth', 31, socket.SOCK_RAW, 1),
    ('can', AF.AF_CAN, socket.SOCK_RAW, 1),
    ('tipc', AF.AF_TIPC, socket.SOCK_RDM, 0),
    ('rds', AF.AF_RDS, socket.SOCK_SEQPACKET, 0),
    ('xdp', 44, socket.SOCK_RAW, 0),
    ('netlink audit', AF.AF_NETLINK, socket.SOCK_RAW, 9),
    ('netlink netfilter', AF.AF_NETLINK, socket.SOCK_RAW, 12),
    ('netlink kobject', AF.AF_NETLINK, socket.SOCK_RAW, 15),
]:
    try:
        socket.socket(family, kind, protocol)
        print(name, 'opened')
    except OSError as error:
        print(name, errno.errorcode[error.errno])
for name, family, kind, protocol in [
    ('a pair of sctp', AF.AF_INET, socket.SOCK_STREAM, 132),
    ('a pair of dccp', AF.AF_INET6, 6, 33),
    ('a pair of raw icmp', AF.AF_INET, socket.SOCK_RAW, 1),
]:
    try:
        socket.socketpair(family, kind, protocol)
        print(name, 'opened')
    except OSError as error:
        print(name, errno.errorcode[error.errno])
