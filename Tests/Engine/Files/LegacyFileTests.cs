using System.Numerics;
using Diffract.Engine;
using NUnit.Framework;
using static Diffract.Tests.Pickles;

namespace Diffract.Tests;

/// <summary>What is seen only in old files, and what can be wrong with them.</summary>
public sealed class LegacyFileTests
{
    private static readonly byte[] numbers =
        [.. new[] { 0f, 1, 2, 3, 4, 5 }.SelectMany(BitConverter.GetBytes)];

    private static readonly string six = Storage("FloatStorage", "140", 6, "N");
    private static readonly string three = Storage("ByteStorage", "1", 3, "N");

    [Test]
    public void A_view_on_a_part_of_a_storage_is_read()
    {
        var view = Storage("FloatStorage", "140", 6, $"({Text("141")}{Number(2)}{Number(4)}t");
        var root = Start + "}" + Text("v") + Tensor(view, 1, [3], [1]) + "s.";
        using var file = FileCases.Open(Legacy(root, ("140", 6, numbers)));
        Assert.That(file["v"].ToArray<float>(), Is.EqualTo(new[] { 3f, 4, 5 }));
    }

    [Test]
    public void An_ordered_dictionary_of_pairs_and_the_first_rebuild_are_read()
    {
        var tensor = "ctorch._utils\n_rebuild_tensor\n(" + six + Number(0) + Tuple(2, 3) + Tuple(3, 1) + "tR";
        var pairs = OrderedDict + "](](" + "U\u0006weight" + tensor + "e](" + Text("epoch") + "K\u0007ee\u0085R.";
        using var file = FileCases.Open(Legacy(Start + pairs, ("140", 6, numbers)));
        Assert.That(file["weight"].Shape, Is.EqualTo(Shape.Of(2, 3)));
        Assert.That(file.Value("epoch"), Is.EqualTo(7L));
    }

    [Test]
    public void Tensors_may_lie_at_odd_bytes()
    {
        var root = Start + "(" + Tensor(three, 0, [3], [1]) + Tensor(six, 0, [6], [1]) + "t.";
        using var file = FileCases.Open(Legacy(root, ("1", 3, [7, 8, 9]), ("140", 6, numbers)));
        Assert.That(file["0"].ToArray<byte>(), Is.EqualTo(new byte[] { 7, 8, 9 }));
        Assert.That(file["1"].ToArray<float>(), Is.EqualTo(new[] { 0f, 1, 2, 3, 4, 5 }));
    }

    [Test]
    public void Keys_may_be_listed_in_any_order()
    {
        var root = Start + "(" + Tensor(six, 0, [6], [1]) + Tensor(three, 0, [3], [1]) + "t.";
        using var file = FileCases.Open(Legacy(root, ("1", 3, [7, 8, 9]), ("140", 6, numbers)));
        Assert.That(file["1"].ToArray<byte>(), Is.EqualTo(new byte[] { 7, 8, 9 }));
        Assert.That(file["0"].ToArray<float>()[5], Is.EqualTo(5f));
    }

    [Test]
    public void Every_instruction_does_what_python_does()
    {
        using var file = FileCases.Open([.. LegacyStart(), .. EveryInstruction(), .. Bytes(Start + "].")]);
        var values = (object?[])file.Root!;
        byte[] z = [(byte)'z'];
        Assert.That(values[..8], Is.EqualTo(new object[] { "a", "bc", "xy"u8.ToArray(), z, z, z, "a", "a" }));
        Assert.That(((TensorTree)values[8]!).IsOrdered, Is.True);
        Assert.That(values[9], Is.EqualTo(1.0));
        Assert.That(values[10], Is.EqualTo(BigInteger.Pow(2, 64) + 1));
        Assert.That(values[11..13], Is.EqualTo(new object[] { false, false }));
        Assert.That(values[13], Is.EqualTo(new List<object?> { 1L, 2L }));
        Assert.That(((TensorTree)values[14]!)["k"], Is.True);
        Assert.That(values[15..19], Is.EqualTo(new object[] { 65535L, -1L, "hi", "s" }));
        Assert.That(values[19..].Select(tuple => ((object?[])tuple!).Length), Is.EqualTo(new[] { 1, 2, 3, 0 }));
    }

    [Test]
    public void What_does_not_fit_together_is_refused()
    {
        var root = Start + Tensor(six, 0, [6], [1]) + ".";
        var other = Start + Tensor(Storage("FloatStorage", "2", 6, "N"), 0, [6], [1]) + ".";
        Refused("0 storages are listed, 1 are used", Legacy(root));
        Refused("a storage is listed that nothing uses", Legacy(other, ("140", 6, numbers)));
        Refused("2 storages are listed, 1 are used", Legacy(root, ("140", 6, numbers), ("140", 6, numbers)));
        Refused("has 5 elements, not 6", Legacy(root, ("140", 5, numbers)));
        Refused("the file is truncated", Legacy(root, ("140", 6, numbers[..^1])));
        Refused("1 bytes after the last storage belong to none", Legacy(root, ("140", 6, [.. numbers, 0])));
        Refused("not said to be little-endian", [.. LegacyStart(false), .. Bytes(root)]);
        Refused("magic number", Bytes(Start + "K\u0001."));
        Refused("only protocol 1001", [.. LegacyStart()[..15], .. Bytes(Start + "K\u0001.")]);
    }

    [Test]
    public void Every_shorter_file_is_refused()
    {
        var whole = Legacy(Start + Tensor(six, 0, [6], [1]) + ".", ("140", 6, numbers));
        FileCases.Open(whole).Dispose();
        for (var length = 0; length < whole.Length; length++)
        {
            var error = Assert.Throws<FileFormatException>(() => FileCases.Open(whole[..length]).Dispose());
            Assert.That(error.Offset, Is.InRange(0, length), error.Message);
        }
    }

    private static void Refused(string problem, byte[] file) =>
        Assert.That(() => FileCases.Open(file),
            Throws.InstanceOf<FileFormatException>().With.Message.Contains(problem));
}
