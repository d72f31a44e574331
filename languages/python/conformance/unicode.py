print(input())
print('Äpfel, 日本 🚀')
