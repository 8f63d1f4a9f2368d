using System.Diagnostics;
using Diffract.Engine;
using NUnit.Framework;
using static Diffract.Tests.Pickles;

namespace Diffract.Tests;

public sealed class HostilePickleTests
{
    private static readonly string argument = Text("touch owned");

    private static IEnumerable<TestCaseData> Corpus()
    {
        TestCaseData Case(string name, string pickle, string problem) =>
            new TestCaseData(pickle, problem).SetArgDisplayNames(name);
        yield return Case("os.system", $"cos\nsystem\n{argument}\u0085R.", "refused global os.system");
        yield return Case("os.system never called", "cos\nsystem\n.", "refused global os.system");
        yield return Case("posix.system", $"cposix\nsystem\n{argument}\u0085R.", "refused global posix.system");
        yield return Case("eval", $"c__builtin__\neval\n{argument}\u0085R.", "refused global __builtin__.eval");
        yield return Case("subprocess", $"csubprocess\nPopen\n{argument}\u0085R.", "refused global subprocess.Popen");
        yield return Case("torch.load", $"ctorch\nload\n{argument}\u0085R.", "refused global torch.load");
        yield return Case("nested storage", "ctorch.storage\n_load_from_bytes\n.",
            "refused global torch.storage._load_from_bytes");
        yield return Case("numpy", "cnumpy.core.multiarray\n_reconstruct\n.",
            "refused global numpy.core.multiarray._reconstruct");
        yield return Case("getattr", "cbuiltins\ngetattr\n.", "refused global builtins.getattr");
        yield return Case("stack global", "\u008c\u0002os\u008c\u0006system\u0093.", "refused global os.system");
        yield return Case("dotted name", "\u008c\u0005torch\u008c\u0010_utils.os.system\u0093.",
            "refused global torch._utils.os.system");
        yield return Case("instance", $"({argument}ios\nsystem\n.", "refused global os.system");
        yield return Case("terminal codes in a name", "c\u001b[2J\u009b\nx\u0007\n.", "refused global ?[2J?.x?");
        yield return Case("name without end", "c" + new string('a', 5000), "no end within 256 bytes");
        yield return Case("OBJ", $"({OrderedDict}o.", "refused the pickle instruction OBJ");
        yield return Case("NEWOBJ", $"{OrderedDict})\u0081.", "refused the pickle instruction NEWOBJ");
        yield return Case("EXT1", "\u0082\u0001.", "refused the pickle instruction EXT1");
        yield return Case("PERSID", "Pkey\n.", "refused the pickle instruction PERSID");
        yield return Case("out of band", "\u0097.", "refused the pickle instruction NEXT_BUFFER");
        yield return Case("unknown instruction", "\u00ff.", "refused the pickle instruction unknown (0xff)");
        yield return Case("calling a result", $"{OrderedDict})R)R.", "refused to call a dictionary");
        yield return Case("calling a class", "ctorch\nFloatStorage\n)R.", "refused to call torch.FloatStorage");
        yield return Case("calling a text", $"{argument})R.", "refused to call a string");
        yield return Case("nested calls",
            string.Concat(Enumerable.Repeat(OrderedDict, 100)) + ")" + new string('R', 100) + ".",
            "refused to call collections.OrderedDict");
        yield return Case("a call of nothing", $"{OrderedDict}\u0085R.", "needs");
        yield return Case("state of a list", "]}b.", "refused to set the state of a list");
        yield return Case("state of a number", "K\u0001}b.", "refused to set the state of an integer");
        yield return Case("a class as value", "ctorch\nFloatStorage\n.", "torch.FloatStorage itself is a value");
        yield return Case("huge integer", "\u008b" + U32(int.MaxValue) + "1.", "an integer of 2147483647 bytes");
        yield return Case("huger integer", "\u008b" + U32(uint.MaxValue) + "1.", "a length or index of 4294967295");
        yield return Case("long integer", "\u008b" + U32(300) + new string('1', 300) + ".", "an integer of 300 bytes");
        yield return Case("huge text", "X" + U32(uint.MaxValue) + "a.", "a length or index of 4294967295");
        yield return Case("large text", "X" + U32(int.MaxValue) + "a.",
            "a string of 2147483647 bytes, where 2 are left");
        yield return Case("huge text of protocol 4", "\u008d" + U64(ulong.MaxValue) + "a.",
            "a length or index of 1844");
        yield return Case("huge bytes", "\u008e" + U64(1UL << 40) + "a.", "a length or index of 1099511627776");
        yield return Case("huge frame", "\u0095" + U64(1UL << 40) + "N.", "a frame of 1099511627776 bytes");
        yield return Case("text that is not UTF-8", "X" + U32(1) + "\u00ff.", "not valid UTF-8");
        yield return Case("newer protocol", "\u0080\u0006N.", "pickle protocol 6");
        yield return Case("memo bomb", "Nr" + U32(int.MaxValue) + ".", "memo entry 2147483647 after");
        yield return Case("memo bomb beyond int", "Nr" + U32(uint.MaxValue) + ".", "a length or index");
        yield return Case("memo never set", "h\u0005.", "memo entry 5 was never set");
        yield return Case("list in itself", "]q\u0000h\u0000a.", "containing itself");
        yield return Case("dictionary in itself", "}q\u0000K\u0001h\u0000s.", "containing itself");
        yield return Case("state in itself", $"{OrderedDict})Rq\u0000h\u0000b.", "containing itself");
        yield return Case("depth", new string(']', 5000) + new string('a', 4999) + ".", "nested deeper than 64 levels");
        yield return Case("depth of tuples", "N" + new string('\u0085', 5000) + ".", "nested deeper than 64 levels");
        yield return Case("lists of the same list twice",
            "(]q\u0000" + string.Concat(Enumerable.Range(0, 26).Select(i =>
                $"]q{(char)(i + 1)}(h{(char)i}h{(char)i}e")) + "t.", "a bomb");
        yield return Case("copied pairs",
            "](" + string.Concat(Enumerable.Range(0, 200).Select(i => $"K{(char)i}N\u0086"))
            + "eq\u0000" + string.Concat(Enumerable.Repeat($"0{OrderedDict}h\u0000\u0085R", 100)) + ".", "a bomb");
        yield return Case("empty", "", "the pickle ends early");
        yield return Case("no end", "N", "the pickle ends early");
        yield return Case("no value", ".", "ends with 0 values");
        yield return Case("two values", "NN.", "ends with 2 values");
        yield return Case("open mark", "(N.", "ends with 1 values and 1 marks");
        yield return Case("nothing to pop", "0.", "the stack has none");
        yield return Case("under the mark", "N(\u0085.", "needs 1 values");
        yield return Case("no mark", "Nt.", "needs a mark");
        yield return Case("append to nothing", "NN" + "a.", "not to a list");
        yield return Case("item of a list", "]NNs.", "not in a dictionary");
        yield return Case("key without value", "}(Nu.", "a key without a value");
        yield return Case("a list as key", "}]Ns.", "a dictionary key that is a list");
        yield return Case("a None as key", "}NNs.", "a dictionary key that is None");
        yield return Case("storage of another kind", "(" + Text("module") + "NNNNtQ.", "not a storage");
        yield return Case("storage that is missing", Storage("FloatStorage", "7", 4) + ".",
            "\"7\" is not in the archive");
        yield return Case("storage of another size", Storage("FloatStorage", "0", 5) + ".",
            "is said to have 20 bytes, and has 16");
        yield return Case("storage of negative size", Storage("FloatStorage", "0", -1) + ".",
            "said to have -1 elements");
        yield return Case("storage of huge size", Storage("FloatStorage", "0", long.MaxValue) + ".",
            "said to have 9223372036854775807");
        yield return Case("storage of two kinds",
            Storage("FloatStorage", "0", 4) + Storage("IntStorage", "0", 4) + "\u0086.",
            "is of 4 Float32 and of 4 Int32");
        yield return Case("view outside", Storage("FloatStorage", "0", 4, $"({Text("0")}{Number(2)}{Number(3)}t") + ".",
            "not inside the storage");
        var four = Storage("FloatStorage", "0", 4);
        yield return Case("tensor outside", Tensor(four, 1, [4], [1]) + ".", "outside its storage of 4 elements");
        yield return Case("stride outside", Tensor(four, 0, [2, 2], [2, 2]) + ".", "outside its storage of 4 elements");
        yield return Case("stride that overflows", Tensor(four, 1, [3, 3], [long.MaxValue, long.MaxValue]) + ".",
            "outside its storage");
        yield return Case("negative stride", Tensor(four, 3, [4], [-1]) + ".", "not a whole number from 0 up");
        yield return Case("negative size", Tensor(four, 0, [-1], [1]) + ".", "not a whole number from 0 up");
        yield return Case("negative offset", Tensor(four, -1, [1], [1]) + ".", "at element -1");
        yield return Case("huge offset", Tensor(four, long.MaxValue, [1], [1]) + ".", "outside its storage");
        yield return Case("too many elements", Tensor(four, 0, [1L << 40, 1L << 40], [0, 0]) + ".", "2^63");
        yield return Case("too many bytes", Tensor(four, 0, [1L << 62], [0]) + ".", "larger than an address space");
        yield return Case("too many bytes together",
            "(" + Tensor(four, 0, [1L << 60], [0]) + Tensor(four, 0, [1L << 60], [0]) + "t.",
            "together are larger");
        yield return Case("nine axes", Tensor(four, 0, new long[9], new long[9]) + ".", "9 axes");
        yield return Case("one stride for two axes", Tensor(four, 0, [1, 1], [1]) + ".", "2 axes with 1 strides");
        yield return Case("names that meet", "}" + Text("a.b") + Tensor(four, 0, [4], [1]) + "s" + Text("a") + "}"
            + Text("b") + Tensor(four, 0, [4], [1]) + "ss.", "two tensors are both called \"a.b\"");
        yield return Case("names without end", "}(" + Text(new string('k', 5000)) + "}("
            + Number(0) + Tensor(four, 0, [4], [1]) + "q\u0001"
            + string.Concat(Enumerable.Range(1, 500).Select(i => Number(i) + "h\u0001")) + "uu.",
            "far more characters");
    }

    [TestCaseSource(nameof(Corpus))]
    public void A_hostile_pickle_is_refused_by_name(string pickle, string problem)
    {
        var file = Zip(Start + pickle, ("0", 16));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var clock = Stopwatch.StartNew();
        var error = Assert.Throws<FileFormatException>(() => FileCases.Open(file).Dispose());
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(200_000 + 64 * file.Length));
        Assert.That(clock.Elapsed, Is.LessThan(TimeSpan.FromSeconds(5)));
        Assert.That(error.Message, Does.Contain(problem).And.StartWith($"case: byte {error.Offset}: "));
        Assert.That(error.Offset, Is.InRange(0, file.Length));
        Assert.That(error.Message, Has.Length.LessThan(400).And.Not.Contain("\u001b"));
    }

    [Test]
    public void The_place_of_a_refused_name_is_its_byte()
    {
        var file = Zip(Start + "N0N0cos\nsystem\n.");
        var error = Assert.Throws<FileFormatException>(() => FileCases.Open(file).Dispose());
        Assert.That(file[(int)error.Offset], Is.EqualTo((byte)'c'));
        Assert.That(file.AsSpan((int)error.Offset, 10).SequenceEqual("cos\nsystem"u8));
    }

    [Test]
    public void A_hostile_pickle_is_refused_whatever_holds_it()
    {
        var pickle = Start + $"cos\nsystem\n{argument}\u0085R.";
        foreach (var file in new[] { Bytes(pickle), Zip(pickle), Legacy(pickle), [.. LegacyStart(), .. Bytes(pickle)] })
        {
            var error = Assert.Throws<FileFormatException>(() => FileCases.Open(file).Dispose());
            Assert.That(error.Message, Does.Contain("refused global os.system"));
        }
    }

    [Test]
    public void Storages_are_only_where_the_object_is()
    {
        var storage = Start + Storage("FloatStorage", "0", 4) + ".";
        byte[] file = [.. LegacyStart()[..21], .. Bytes(storage)];
        Assert.That(() => FileCases.Open(file),
            Throws.InstanceOf<FileFormatException>().With.Message.Contains("where none can be"));
    }

    [Test]
    public void Keys_that_would_collide_do_not_take_for_ever()
    {
        // In the base library's hash of a long, the halves cancel out: all these keys would be 0.
        var keys = Enumerable.Range(0, 60_000).Select(i => Number(((long)i << 32) | (uint)i) + "N");
        var clock = Stopwatch.StartNew();
        using var file = FileCases.Open(Zip(Start + "}(" + string.Concat(keys) + "u."));
        Assert.That(((TensorTree)file.Root!).Count, Is.EqualTo(60_000));
        Assert.That(clock.Elapsed, Is.LessThan(TimeSpan.FromSeconds(5)));
    }
}
