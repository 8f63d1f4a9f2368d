using System.Buffers.Binary;
using System.Text;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

/// <summary>An event of TensorBoard as a test sees it.</summary>
internal sealed record ScalarEvent(double WallTime, long Step, string Version, IReadOnlyList<(string, float)> Values);

/// <summary>Reads event files of TensorBoard after their specification, with nothing of what writes them.</summary>
internal static class EventFile
{
    /// <summary>The one event file of a run's folder.</summary>
    public static string In(string run) => Directory.GetFiles(run, "*tfevents*").Single();

    /// <summary>Every event; fails where a frame is not whole or a checksum is wrong.</summary>
    public static IReadOnlyList<ScalarEvent> Read(string path)
    {
        var events = new List<ScalarEvent>();
        for (ReadOnlySpan<byte> rest = File.ReadAllBytes(path); rest.Length > 0;)
        {
            var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(rest);
            Assert.That(BinaryPrimitives.ReadUInt32LittleEndian(rest[8..]), Is.EqualTo(Masked(rest[..8])), "length");
            var data = rest.Slice(12, length);
            rest = rest[(12 + length)..];
            Assert.That(BinaryPrimitives.ReadUInt32LittleEndian(rest), Is.EqualTo(Masked(data)), "data");
            rest = rest[4..];
            events.Add(Event(data));
        }
        return events;
    }

    private static ScalarEvent Event(ReadOnlySpan<byte> data)
    {
        var (time, step, version) = (double.NaN, 0L, "");
        var values = new List<(string, float)>();
        while (data.Length > 0)
            switch (Varint(ref data))
            {
                case (1 << 3) | 1: time = BinaryPrimitives.ReadDoubleLittleEndian(Take(ref data, 8)); break;
                case (2 << 3) | 0: step = (long)Varint(ref data); break;
                case (3 << 3) | 2: version = Encoding.UTF8.GetString(Part(ref data)); break;
                case (5 << 3) | 2: values.AddRange(Summary(Part(ref data))); break;
                case var key: throw new InvalidDataException($"unexpected field {key >> 3}");
            }
        return new ScalarEvent(time, step, version, values);
    }

    private static List<(string, float)> Summary(ReadOnlySpan<byte> data)
    {
        var values = new List<(string, float)>();
        while (data.Length > 0)
        {
            Assert.That(Varint(ref data), Is.EqualTo((1 << 3) | 2));
            var value = Part(ref data);
            Assert.That(Varint(ref value), Is.EqualTo((1 << 3) | 2));
            var tag = Encoding.UTF8.GetString(Part(ref value));
            Assert.That(Varint(ref value), Is.EqualTo((2 << 3) | 5));
            values.Add((tag, BinaryPrimitives.ReadSingleLittleEndian(Take(ref value, 4))));
            Assert.That(value.Length, Is.Zero);
        }
        return values;
    }

    private static ulong Varint(ref ReadOnlySpan<byte> data)
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var part = Take(ref data, 1)[0];
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80) return value;
        }
    }

    private static ReadOnlySpan<byte> Part(ref ReadOnlySpan<byte> data) => Take(ref data, (int)Varint(ref data));

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> data, int count)
    {
        var taken = data[..count];
        data = data[count..];
        return taken;
    }

    private static uint Masked(ReadOnlySpan<byte> bytes)
    {
        var crc = ~0u;
        foreach (var b in bytes)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ ((crc & 1) * 0x82F63B78);
        }
        crc = ~crc;
        return unchecked(((crc >> 15) | (crc << 17)) + 0xA282EAD8);
    }
}
