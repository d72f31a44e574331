/**
 * What people type to run a program, by the id of a language, where that is not the language's own commands. In its folder, with
 * the program in its file.
 */
export const BARE_COMMANDS: Readonly<Record<string, string>> = {
  // A header that is read before it keeps GCC from a precompiled one.
  cpp: 'g++ -std=gnu++20 -O2 -Wall -include /dev/null -o a.out main.cpp && ./a.out',
  java: 'javac Main.java && java Main',
  'java-21': 'javac Main.java && java Main',
}
