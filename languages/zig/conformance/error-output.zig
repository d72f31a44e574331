const std = @import("std");

pub fn main() !void {
    try std.fs.File.stdout().writeAll("out\n");
    try std.fs.File.stderr().writeAll("err\n");
}
