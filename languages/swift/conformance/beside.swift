import Foundation

print(try String(contentsOfFile: "beside.txt", encoding: .utf8), terminator: "")
