using System.Buffers.Binary;
using System.Text;
using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>Files, storages and tensors beyond 2 and 4 GiB, with holes in them so that they take neither time nor room.
/// </summary>
public sealed class BigFileTests
{
    private const long Many = 2_300_000_000;    // bytes: more than 2^31, less than 2^32
    private const long More = 1_200_000_000;    // floats: 4.8 GB, more than 2^32 bytes

    private static readonly byte[] pi = BitConverter.GetBytes(3.14159f);

    [TearDown]
    public void Remove() => FileCases.RemoveTemporary();

    [Test]
    public void Safetensors()
    {
        var path = FileCases.TemporaryPath("big.safetensors");
        var header = $"{{\"wide\":{{\"dtype\":\"F32\",\"shape\":[{More}],\"data_offsets\":[0,{4 * More}]}},"
            + $"\"long\":{{\"dtype\":\"U8\",\"shape\":[{Many}],\"data_offsets\":[{4 * More},{4 * More + Many}]}},"
            + "\"tail\":{\"dtype\":\"F32\",\"shape\":[],"
            + $"\"data_offsets\":[{4 * More + Many},{4 * More + Many + 4}]}}}}";
        using (var stream = new FileStream(path, FileMode.CreateNew))
        {
            stream.Write(BitConverter.GetBytes((long)header.Length));
            stream.Write(Encoding.ASCII.GetBytes(header));
            var data = stream.Position;
            Put(stream, data + 4 * (More - 1), pi);
            Put(stream, data + 4 * More + Many - 1, [77]);
            Put(stream, data + 4 * More + Many, pi);
        }
        using var file = TensorFile.Open(path);
        Assert.That(file.TotalBytes, Is.EqualTo(4 * More + Many + 4));
        Assert.That(file["tail"].Item<float>(), Is.EqualTo(3.14159f));
        AssertEnds(file);
    }

    [Test]
    public void Zip_archive_with_zip64_records()
    {
        var path = FileCases.TemporaryPath("big.pt");
        using (var stream = new FileStream(path, FileMode.CreateNew))
            WriteZip64(stream, ("case/data.pkl", Pickle("N"), 0), ("case/data/0", pi, 4 * More),
                ("case/data/1", [77], Many));
        using var file = TensorFile.Open(path);
        AssertEnds(file);
    }

    [Test]
    public void Legacy_file()
    {
        var path = FileCases.TemporaryPath("old.pt");
        using (var stream = new FileStream(path, FileMode.CreateNew))
        {
            stream.Write([.. Pickles.LegacyStart(), .. Pickle("N")]);
            stream.Write(Pickles.Bytes(Pickles.Start + "](" + Pickles.Text("0") + Pickles.Text("1") + "e."));
            stream.Write(BitConverter.GetBytes(More));
            Put(stream, stream.Position + 4 * More - 4, pi);
            stream.Write(BitConverter.GetBytes(Many));
            Put(stream, stream.Position + Many - 1, [77]);
        }
        using var file = TensorFile.Open(path);
        AssertEnds(file);
    }

    [Test, Explicit("writes and reads 7 GB of zeros"), Category("long")]
    public void What_is_saved_beyond_4_GiB_is_read()
    {
        var (plain, path) = (FileCases.TemporaryPath("big.safetensors"), FileCases.TemporaryPath("big.pt"));
        Safetensors();
        using var original = TensorFile.Open(plain);
        TensorFile.Save(path, original);
        using var file = TensorFile.Open(path);
        AssertEnds(file);
        file.Verify();
    }

    private static void AssertEnds(TensorFile file)
    {
        var (wide, bytes) = (file["wide"], file["long"]);
        Assert.That(wide.Shape, Is.EqualTo(Shape.Of(More)));
        Assert.That(bytes.Shape, Is.EqualTo(Shape.Of(Many)));
        Assert.That(wide.Window([2], More - 2).ToArray<float>(), Is.EqualTo(new[] { 0, 3.14159f }));
        Assert.That(bytes.Window([2], Many - 2).ToArray<byte>(), Is.EqualTo(new byte[] { 0, 77 }));
    }

    private static byte[] Pickle(string view) => Pickles.Bytes(Pickles.Start + "}" + Pickles.Text("wide")
        + Pickles.Tensor(Pickles.Storage("FloatStorage", "0", More, view), 0, [More], [1]) + "s" + Pickles.Text("long")
        + Pickles.Tensor(Pickles.Storage("ByteStorage", "1", Many, view), 0, [Many], [1]) + "s.");

    private static void Put(FileStream stream, long at, byte[] bytes)
    {
        stream.Position = at;
        stream.Write(bytes);
    }

    /// <summary>An archive written straight from the description of the format, with 64-bit records for everything.
    /// Each entry ends with some bytes; what is missing before them is a hole.</summary>
    private static void WriteZip64(FileStream stream, params (string Name, byte[] End, long Bytes)[] entries)
    {
        var directory = new List<byte>();
        foreach (var (name, end, bytes) in entries)
        {
            var (at, size) = (stream.Position, Math.Max(bytes, end.Length));
            var version = Fields((2, 45), (2, 0), (2, 0), (4, 0), (4, 0), (4, -1), (4, -1), (2, name.Length));
            stream.Write([.. Fields((4, 0x04034b50)), .. version, .. Fields((2, 20)), .. Encoding.ASCII.GetBytes(name),
                .. Fields((2, 1), (2, 16), (8, size), (8, size))]);
            Put(stream, stream.Position + size - end.Length, end);
            directory.AddRange([.. Fields((4, 0x02014b50), (2, 45)), .. version,
                .. Fields((2, 4 + 5 + 28), (2, 0), (2, 0), (2, 0), (4, 0), (4, -1)), .. Encoding.ASCII.GetBytes(name),
                .. Fields((2, 0x4246), (2, 1), (1, 'Z')),
                .. Fields((2, 1), (2, 28), (8, size), (8, size), (8, at), (4, 0))]);
        }
        var start = stream.Position;
        stream.Write([.. directory]);
        stream.Write(Fields((4, 0x06064b50), (8, 44), (2, 45), (2, 45), (4, 0), (4, 0), (8, entries.Length),
            (8, entries.Length), (8, directory.Count), (8, start)));
        stream.Write(Fields((4, 0x07064b50), (4, 0), (8, start + directory.Count), (4, 1)));
        stream.Write(Fields((4, 0x06054b50), (2, 0), (2, 0), (2, -1), (2, -1), (4, -1), (4, -1), (2, 7)));
        stream.Write("comment"u8);
    }

    private static byte[] Fields(params ReadOnlySpan<(int Length, long Value)> fields)
    {
        var bytes = new List<byte>();
        var number = new byte[8];
        foreach (var (length, value) in fields)
        {
            BinaryPrimitives.WriteInt64LittleEndian(number, value);
            bytes.AddRange(number[..length]);
        }
        return [.. bytes];
    }
}
