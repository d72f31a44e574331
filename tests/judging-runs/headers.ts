/**
 * A header that behaves as `testlib.h` does towards whoever runs its programs: arguments, streams, exit codes and messages; the part that the packages
 * here use, written for them.
 * Source: https://github.com/MikeMirzayanov/testlib, `registerTestlibCmd`, `registerInteraction`, `registerValidation`, `TResult`, `quitp`
 */
export const TESTLIB_LIKE = `
#pragma once
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
enum TResult { _ok = 0, _wa = 1, _pe = 2, _fail = 3, _dirt = 4, _points = 7, _unexpected_eof = 8 };
static std::string reportPath;
static bool isAppes = false;
[[noreturn]] static void quitf(TResult result, const std::string &said) {
  const char *prefix = result == _ok ? "ok " : result == _wa ? "wrong answer " : result == _pe ? "wrong output format " : result == _unexpected_eof ? "unexpected eof " : result == _points ? "points " : "FAIL ";
  if (reportPath.empty()) std::cerr << prefix << said << std::endl;
  else if (isAppes) std::ofstream(reportPath) << "<?xml version=\\"1.0\\"?><result outcome = \\"" << (result == _ok ? "accepted" : "wrong-answer") << "\\">" << said << "</result>";
  else std::ofstream(reportPath) << prefix << said;
  std::exit(result);
}
static void quitp(double points, const std::string &said) { std::ostringstream text; text << points << " " << said; quitf(_points, text.str()); }
struct InStream {
  std::ifstream file;
  std::istream *in = nullptr;
  TResult fault = _fail;
  void open(const char *path, TResult f) { file.open(path); fault = f; in = &file; if (!file) quitf(_fail, std::string("cannot open ") + path); }
  std::string readToken() { std::string word; if (!(*in >> word)) quitf(fault == _pe ? _unexpected_eof : _fail, "nothing is left to read"); return word; }
  long long readLong() { std::string word = readToken(); char *end; long long value = std::strtoll(word.c_str(), &end, 10); if (*end) quitf(fault, "\\"" + word + "\\" is no integer"); return value; }
  bool seekEof() { std::string word; return !(*in >> word); }
};
static InStream inf, ouf, ans;
static std::ofstream tout;
static void report(int argc, char **argv, int from) {
  if (argc > from) reportPath = argv[from];
  if (argc > from + 1) { isAppes = !std::strcmp(argv[from + 1], "-appes") || !std::strcmp(argv[from + 1], "-APPES"); if (!isAppes) { reportPath.clear(); quitf(_fail, "the last argument can be -appes alone"); } }
}
static void registerTestlibCmd(int argc, char **argv) {
  if (argc < 4 || argc > 6) quitf(_fail, "arguments are INPUT OUTPUT ANSWER [REPORT [-appes]]");
  report(argc, argv, 4);
  inf.open(argv[1], _fail);
  ouf.open(argv[2], _pe);
  ans.open(argv[3], _fail);
}
static void registerInteraction(int argc, char **argv) {
  if (argc < 3 || argc > 6) quitf(_fail, "arguments are INPUT OUTPUT [ANSWER [REPORT [-appes]]]");
  if (argc > 3) ans.open(argv[3], _fail);
  report(argc, argv, 4);
  inf.open(argv[1], _fail);
  tout.open(argv[2]);
  ouf.in = &std::cin;
  ouf.fault = _pe;
}
static void registerValidation(int, char **) { inf.in = &std::cin; inf.fault = _fail; }
`

/** The divisor that is asked for can be any; the smallest gives all points, another four; with 1 the checker says that it failed itself. */
export const DIVISOR_CHECKER = `
#include "testlib.h"
int main(int argc, char **argv) {
  registerTestlibCmd(argc, argv);
  long long number = inf.readLong(), best = ans.readLong(), found = ouf.readLong();
  if (!ouf.seekEof()) quitf(_pe, "extra words");
  if (found == 1) quitf(_fail, "one is not thought of");
  if (number % found) quitf(_wa, std::to_string(found) + " does not divide " + std::to_string(number));
  if (found != best) quitp(4, "not the smallest");
  quitf(_ok, "the smallest");
}`

/** Tells whether a guess is too small, and leaves the guesses for the checker. */
export const GUESS_INTERACTOR = `
#include "testlib.h"
int main(int argc, char **argv) {
  registerInteraction(argc, argv);
  long long number = inf.readLong(), guesses = 0, guess;
  do {
    guess = ouf.readLong();
    guesses++;
    std::cout << (guess == number ? "equal" : guess < number ? "more" : "less") << std::endl;
  } while (guess != number && guesses < 50);
  tout << guesses << std::endl;
  quitf(guess == number ? _ok : _wa, "after " + std::to_string(guesses));
}`
export const GUESS_CHECKER = `
#include "testlib.h"
int main(int argc, char **argv) {
  registerTestlibCmd(argc, argv);
  long long guesses = ouf.readLong();
  if (guesses > 10) quitf(_wa, "too many guesses");
  quitf(_ok, "");
}`

/** By the conventions of Kattis: what it does is told by the first word of the output. */
export const KATTIS_VALIDATOR = `
#include <fstream>
#include <iostream>
#include <string>
int main(int argc, char **argv) {
  if (argc != 5 || std::string(argv[4]) != "extra") return 1;
  std::ifstream in(argv[1]), answer(argv[2]);
  std::string folder = argv[3], word, expected, pass;
  if (folder.empty() || folder.back() != '/' || !(in >> pass) || !(answer >> expected)) return 1;
  auto say = [&](const char *name, const std::string &text) { std::ofstream(folder + name) << text; };
  if (!(std::cin >> word)) { say("teammessage.txt", "print a word"); return 43; }
  say("judgemessage.txt", "got " + word + ", expected " + expected);
  if (word == "crash") return 7;
  if (word == "half") { say("score_multiplier.txt", "0.5"); return 42; }
  if (word == "three") { say("score.txt", "3"); return 42; }
  if (word == "much") { say("score.txt", "1000"); return 42; }
  if (word == "again" && pass == "first") { say("nextpass.in", "second pass"); return 42; }
  return word == expected || (word == "again" && pass == "second") ? 42 : 43;
}`
