print('naïve Ελληνικά 日本語 🙂')
