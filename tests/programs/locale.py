import locale

locale.setlocale(locale.LC_ALL, "en_US.UTF-8")
print(f"{1234567:n}")
