#import <Foundation/Foundation.h>

int main(void) {
    @autoreleasepool {
        char line[100];
        if (fgets(line, sizeof line, stdin)) fputs(line, stdout);
        puts([[NSString stringWithUTF8String:"Äpfel, 日本 🚀"] UTF8String]);
    }
}
