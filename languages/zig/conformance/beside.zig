const std = @import("std");

pub fn main() !void {
    var text: [4096]u8 = undefined;
    try std.fs.File.stdout().writeAll(try std.fs.cwd().readFile("beside.txt", &text));
}
