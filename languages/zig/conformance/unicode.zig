const std = @import("std");

pub fn main() !void {
    var taken: [4096]u8 = undefined;
    var reader = std.fs.File.stdin().reader(&taken);
    const line = try reader.interface.takeDelimiter('\n') orelse "";
    try std.fs.File.stdout().writeAll(line);
    try std.fs.File.stdout().writeAll("\nÄpfel, 日本 🚀\n");
}
