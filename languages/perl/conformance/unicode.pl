use utf8;
use open qw(:std :encoding(UTF-8));
print scalar <STDIN>;
print "Äpfel, 日本 🚀\n";
