import resource

for name in ['NPROC', 'NOFILE', 'FSIZE', 'STACK', 'CPU']:
    kind = getattr(resource, f'RLIMIT_{name}')
    try:
        resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        print(name, 'raised')
    except (OSError, ValueError) as error:
        print(name, 'refused')
