# Whoever is less likely to be killed for memory leaves it to process 1.
for name, value in (('oom_score_adj', '0'), ('oom_score_adj', '999'), ('oom_score_adj', '-1000'), ('oom_adj', '0')):
    try:
        with open(f'/proc/self/{name}', 'w') as file:
            file.write(value)
        print(name, value, 'written')
    except OSError:
        pass
with open('/proc/self/oom_score_adj') as file:
    print(file.read().strip())
