using Diffract.Engine;
using Diffract.Engine.Sim;
using NUnit.Framework;
using static Diffract.Tests.Engine.Sim.Lab;

namespace Diffract.Tests.Engine.Sim;

/// <summary>Bulk copies of bytes and of boxes of tensors, in both directions.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class BulkCopyTests
{
    private const string Place = """
        .shared .align 1024 .b8 data[32768]; .shared .align 8 .b8 bar[8];
        setp.eq.u32 %p0, %r0, 0;
        @%p0 mbarrier.init.shared::cta.b64 [bar], 1;
        @%p0 fence.mbarrier_init.release.cluster;
        bar.sync 0;

        """;

    private const string Wait = """
        L: mbarrier.try_wait.parity.shared.b64 %p1, [bar], 0;
        @!%p1 bra L;

        """;

    // Every thread takes 4 bytes from shared memory to where it stands in %x1.
    private const string Show = """
        mul.lo.u32 %r1, %r0, 4; mul.wide.u32 %x9, %r0, 4; add.u64 %x9, %x1, %x9;
        ld.shared.u32 %r2, [%r1];
        st.global.u32 [%x9], %r2;
        """;

    private const string Bytes = """
        @%p0 mbarrier.arrive.expect_tx.shared.b64 _, [bar], 256;
        @%p0 cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [data], [%x0], 256, [bar];

        """;

    [Test]
    public void Bytes_are_there_once_their_barrier_is_waited_for()
    {
        var memory = new SimMemory();
        var values = Enumerable.Range(100, 64).ToArray();
        nint x = Upload(memory, values), y = memory.Allocate(256);
        Hopper(Place + Bytes + Wait + Show, 64, memory, (ulong)x, (ulong)y);
        Assert.That(Download<int>(memory, y, 64), Is.EqualTo(values));
        string? Broken(string from, string to) =>
            Error(Place + (Bytes + Wait + Show).Replace(from, to, StringComparison.Ordinal), 64, memory, (ulong)x,
                (ulong)y);
        Assert.That(Broken("@!%p1 bra L;", ""), Does.Contain("has not waited for"));
        Assert.That(Broken("_, [bar], 256", "_, [bar], 272"), Does.Contain("nothing moves")
            .And.Contain("0 arrivals and 16 bytes to come"));
        Assert.That(Broken("_, [bar], 256", "_, [bar], 240"), Does.Contain("-16 bytes to come"));
        Assert.That(Broken(".expect_tx.shared.b64 _, [bar], 256", ".shared.b64 _, [bar]"),
            Does.Contain("has not waited"));
        Assert.That(Broken("[%x0], 256", "[%x0], 264"), Does.Contain("multiples of 16"));
        Assert.That(Broken("[%x0], 256", "[%x0+4], 256"), Does.Contain("multiples of 16"));
        Assert.That(Broken("[%x0], 256", "[%x0], 272"), Does.Contain("out of bounds"));
        Assert.That(Broken("[data], [%x0]", "[data+33664], [%x0]"), Does.Contain("out of bounds"));
        Assert.That(Error((Place + Bytes).Replace("@%p0 fence.mbarrier_init.release.cluster;", "",
            StringComparison.Ordinal), 64, memory, (ulong)x, (ulong)y), Does.Contain("fence.mbarrier_init"));
    }

    private const string BytesOut = """
        mul.lo.u32 %r1, %r0, 4;
        st.shared.u32 [%r1], %r0;
        fence.proxy.async.shared::cta;
        bar.sync 0;
        @!%p0 bra DONE;
        cp.async.bulk.global.shared::cta.bulk_group [%x0], [data], 256;
        cp.async.bulk.commit_group;
        cp.async.bulk.wait_group.read 0;
        st.shared.u32 [data], 7;
        DONE:
        """;

    [Test]
    public void Bytes_go_out_again()
    {
        var memory = new SimMemory();
        var y = memory.Allocate(256);
        Hopper(Place + BytesOut, 64, memory, (ulong)y);
        Assert.That(Download<int>(memory, y, 64), Is.EqualTo(Enumerable.Range(0, 64)));
        string? Broken(string from, string to) =>
            Error(Place + BytesOut.Replace(from, to, StringComparison.Ordinal), 64, memory, (ulong)y);
        Assert.That(Broken("fence.proxy.async.shared::cta;", ""), Does.Contain("a fence.proxy.async must come"));
        Assert.That(Broken("cp.async.bulk.wait_group.read 0;", ""),
            Does.Contain("an asynchronous operation still reads"));
        Assert.That(Broken("cp.async.bulk.wait_group.read 0;\nst.shared.u32 [data], 7;", ""),
            Does.Contain("it ends before"));
        Assert.That(Broken("[%x0], [data]", "[%x0+16], [data]"), Does.Contain("out of bounds"));
        Assert.That(Broken("[%x0], [data], 256", "[%x0], [data+256], 256"), Does.Contain("nothing has written"));
    }

    // The piece at place p of row r is the one numbered table[r][p] (section 5.5.7): 16 bytes each, 128 a row.
    private static readonly Dictionary<string, string[]> Patterns = new()
    {
        ["None"] = ["01234567"],
        ["Span32"] = ["01234567", "10325476"],
        ["Span64"] = ["01234567", "10325476", "23016745", "32107654"],
        ["Span128"] =
        [
            "01234567", "10325476", "23016745", "32107654", "45670123", "54761032", "67452301", "76543210",
        ],
    };

    [TestCase("None", 64)]
    [TestCase("Span32", 16)]
    [TestCase("Span64", 32)]
    [TestCase("Span128", 64)]
    public void Pieces_are_exchanged_as_the_tables_say(string swizzle, int width)
    {
        // 16-bit numbers that count up through the box as it lies without an exchange: 16 times 128 bytes.
        var rows = 1024 / width;
        var memory = new SimMemory();
        var values = Enumerable.Range(0, 1024).Select(i => (ushort)i).ToArray();
        nint x = Upload(memory, values), y = memory.Allocate(2048);
        var map = new TensorMap(TensorMapElement.Float16, x, [width, rows], [2 * width], [width, rows],
            swizzle: Enum.Parse<TensorMapSwizzle>(swizzle));
        Copy(memory, map, "{0, 0}", y, 512);
        var found = Download<ushort>(memory, y, 1024);
        var pattern = Patterns[swizzle];
        for (var i = 0; i < 1024; i++)
        {
            int row = i / 64, piece = pattern[row % pattern.Length][i % 64 / 8] - '0';
            Assert.That(found[i], Is.EqualTo(row * 64 + piece * 8 + i % 8), $"{i}");
        }
        // And back: the same box elsewhere.
        var z = memory.Allocate(2048);
        var target = new TensorMap(TensorMapElement.Float16, z, [width, rows], [2 * width], [width, rows],
            swizzle: Enum.Parse<TensorMapSwizzle>(swizzle));
        CopyOut(memory, map, target, "{0, 0}");
        Assert.That(Download<ushort>(memory, z, 1024), Is.EqualTo(values));
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    [TestCase(4)]
    [TestCase(5)]
    public void A_box_has_any_number_of_axes_and_zeros_outside(int axes)
    {
        long[] sizes = [.. new long[] { 7, 5, 3, 4, 2 }.Take(axes)];
        long[] strides = [.. new long[] { 32, 176, 544, 2192 }.Take(axes - 1)];
        int[] box = [.. new[] { 8, 4, 3, 2, 2 }.Take(axes)];
        int[] corner = [.. new[] { -2, 3, -1, 3, 1 }.Take(axes)];
        var memory = new SimMemory();
        var values = Enumerable.Range(1, 2192).Select(i => (float)i).ToArray();
        nint x = Upload(memory, values), y = memory.Allocate(4 * box.Aggregate(1, (a, b) => a * b));
        var map = new TensorMap(TensorMapElement.Float32, x, sizes, strides, box);
        Copy(memory, map, $"{{{string.Join(", ", corner)}}}", y, map.BoxBytes / 4);
        var found = Download<float>(memory, y, map.BoxBytes / 4);
        for (var i = 0; i < found.Length; i++)
        {
            long offset = 0;
            var (rest, inside) = (i, true);
            for (var axis = 0; axis < axes; axis++)
            {
                var at = corner[axis] + rest % box[axis];
                rest /= box[axis];
                inside &= at >= 0 && at < sizes[axis];
                offset += at * (axis == 0 ? 4 : strides[axis - 1]);
            }
            Assert.That(found[i], Is.EqualTo(inside ? values[offset / 4] : 0), $"{i}");
        }
    }

    [Test]
    public void Steps_leave_elements_out()
    {
        // Of rows 1 to 6, every other: 1, 3, 5.
        var memory = new SimMemory();
        nint x = Upload(memory, [.. Enumerable.Range(0, 32)]), y = memory.Allocate(48);
        var map = new TensorMap(TensorMapElement.Int32, x, [4, 8], [16], [4, 6], [1, 2]);
        Assert.That(map.BoxBytes, Is.EqualTo(48));
        Copy(memory, map, "{0, 1}", y, 12);
        Assert.That(Download<int>(memory, y, 12), Is.EqualTo(new[] { 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23 }));
    }

    [Test]
    public void Outside_can_be_NaN()
    {
        var memory = new SimMemory();
        nint x = Upload(memory, 1f, 2f, 3f, 4f), y = memory.Allocate(32);
        Copy(memory, new TensorMap(TensorMapElement.Float32, x, [4], [], [8], fillsNaN: true), "{-2}", y, 8);
        Assert.That(Download<float>(memory, y, 8),
            Is.EqualTo(new[] { float.NaN, float.NaN, 1, 2, 3, 4, float.NaN, float.NaN }));
    }

    [Test]
    public void What_is_outside_is_not_written()
    {
        var memory = new SimMemory();
        nint x = Upload(memory, [.. Enumerable.Range(1, 16)]), y = Upload(memory, new int[32]);
        var source = new TensorMap(TensorMapElement.Int32, x, [4, 4], [16], [4, 4]);
        // The target has a row of three and two rows: of the box, columns 1 to 3 and rows 0 and 1 lie in it.
        var target = new TensorMap(TensorMapElement.Int32, y, [3, 2], [32], [4, 4]);
        CopyOut(memory, source, target, "{-1, 0}");
        Assert.That(Download<int>(memory, y, 32).Take(16),
            Is.EqualTo(new[] { 2, 3, 4, 0, 0, 0, 0, 0, 6, 7, 8, 0, 0, 0, 0, 0 }));
    }

    [Test]
    public void Misuse_of_maps_is_noticed()
    {
        var memory = new SimMemory();
        nint x = Upload(memory, [.. Enumerable.Range(0, 1024)]), y = memory.Allocate(1024);
        var map = new TensorMap(TensorMapElement.Int32, x, [32, 8], [128], [8, 8]);
        string? Broken(string from, string to, TensorMap? other = null, int shift = 0)
        {
            var encoded = Upload(memory, [.. new byte[shift], .. SimTensorMap.Encode(other ?? map)]) + shift;
            return Error(Loading(other ?? map, "{0, 0}").Replace(from, to, StringComparison.Ordinal), 32, memory,
                (ulong)encoded, (ulong)y);
        }
        Assert.That(Broken(".2d.", ".2d."), Is.Null);
        Assert.That(Broken("[data], [%x0", "[data+64], [%x0"), Does.Contain("no multiple of 128"));
        Assert.That(Broken(".2d.", ".1d."), Does.Contain("not known"));
        Assert.That(Broken("{0, 0}", "{0, 0, 0}"), Does.Contain("not known"));
        Assert.That(Broken(".1d.", ".2d.", new TensorMap(TensorMapElement.Int32, x, [32], [], [8])),
            Does.Contain("2 coordinates for a tensor map of 1 axes"));
        Assert.That(Broken(".2d.", ".2d.", shift: 16), Does.Contain("no multiple of 64"));
        Assert.That(Broken("[%x0, {", "[%x1, {"), Does.Contain("no tensor map"));
        Assert.That(Broken(".2d.", ".2d.",
            new TensorMap(TensorMapElement.Int32, x, [32, 8], [128], [8, 8], swizzle: TensorMapSwizzle.Span64)),
            Does.Contain("swizzled over 64"));
        Assert.That(Broken(".2d.", ".2d.", new TensorMap(TensorMapElement.Int32, x, [32, 64], [128], [8, 64])),
            Does.Contain("out of bounds"));
        var zeros = Upload(memory, new byte[128]);
        Assert.That(Error(Loading(map, "{0, 0}"), 32, memory, (ulong)zeros, (ulong)y), Does.Contain("no tensor map"));
    }

    [Test]
    public void A_buffer_can_be_filled_again_once_its_readers_have_arrived()
    {
        // One buffer, two boxes: the second copy waits for the readers of the first at another barrier.
        var memory = new SimMemory();
        nint x = Upload(memory, [.. Enumerable.Range(0, 128)]), y = memory.Allocate(512);
        var map = new TensorMap(TensorMapElement.Int32, x, [64, 2], [256], [64, 1]);
        var body = """
            .shared .align 128 .b8 data[256]; .shared .align 8 .b8 full[8]; .shared .align 8 .b8 empty[8];
            setp.eq.u32 %p0, %r0, 0;
            @%p0 mbarrier.init.shared.b64 [full], 1;
            @%p0 mbarrier.init.shared.b64 [empty], 64;
            @%p0 fence.mbarrier_init.release.cluster;
            bar.sync 0;
            setp.ge.u32 %p2, %r0, 64;
            mov.u32 %r5, 0;
            mov.u32 %r6, 1;
            LOOP:
            @!%p2 bra READER;
            setp.eq.u32 %p3, %r0, 64;
            @!%p3 bra NEXT;
            E: mbarrier.try_wait.parity.shared.b64 %p1, [empty], %r6;
            @!%p1 bra E;
            mbarrier.arrive.expect_tx.shared.b64 _, [full], 256;
            cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes
                [data], [%x0, {0, %r5}], [full];
            bra NEXT;
            READER:
            F: mbarrier.try_wait.parity.shared.b64 %p1, [full], %r5;
            @!%p1 bra F;
            mul.lo.u32 %r1, %r0, 4;
            ld.shared.u32 %r2, [%r1];
            mbarrier.arrive.shared.b64 _, [empty];
            mad.lo.u32 %r3, %r5, 256, %r1;
            cvt.u64.u32 %x9, %r3;
            add.u64 %x9, %x1, %x9;
            st.global.u32 [%x9], %r2;
            NEXT:
            add.u32 %r5, %r5, 1;
            xor.b32 %r6, %r6, 1;
            setp.lt.u32 %p4, %r5, 2;
            @%p4 bra LOOP;
            """;
        var encoded = (ulong)Upload(memory, SimTensorMap.Encode(map));
        Hopper(body, 96, memory, encoded, (ulong)y);
        Assert.That(Download<int>(memory, y, 128), Is.EqualTo(Enumerable.Range(0, 128)));
        Assert.That(Error(body.Replace("@!%p1 bra E;", "", StringComparison.Ordinal), 96, memory, encoded, (ulong)y),
            Is.Not.Null);
        Assert.That(Error(body.Replace("[empty], 64", "[empty], 32", StringComparison.Ordinal), 96, memory, encoded,
            (ulong)y), Is.Not.Null);
    }

    [Test]
    public void A_map_can_be_an_argument()
    {
        var memory = new SimMemory();
        nint x = Upload(memory, [.. Enumerable.Range(0, 64)]), y = memory.Allocate(128);
        var map = new TensorMap(TensorMapElement.Int32, x, [64], [], [32]);
        var text = Text("""
            .reg .b32 %r<16>; .reg .b64 %x<16>; .reg .pred %p<4>;
            mov.u32 %r0, %tid.x;
            mov.b64 %x0, map; cvta.param.u64 %x0, %x0; ld.param.u64 %x1, [p0];
            prefetch.tensormap [%x0];
            """ + Loading(map, "{16}"), 1, target: "sm_90a").Replace(".param .u64 p0",
            ".param .u64 p0, .param .align 64 .b8 map[128]", StringComparison.Ordinal);
        var arguments = new byte[192];
        BitConverter.TryWriteBytes(arguments, (long)y);
        SimTensorMap.Encode(map).CopyTo(arguments, 64);
        SimMachine.Run(SimProgram.Load(text), new SimLaunch(new((1, 1, 1), (32, 1, 1)), arguments, memory));
        Assert.That(Download<int>(memory, y, 32), Is.EqualTo(Enumerable.Range(16, 32)));
    }

    // Thread 0 copies a box, all show it.
    private static string Loading(TensorMap map, string corner) => Place + $"""
        @%p0 mbarrier.arrive.expect_tx.shared.b64 _, [bar], {map.BoxBytes};
        @%p0 cp.async.bulk.tensor.{map.Sizes.Count}d.shared::cluster.global.tile.mbarrier::complete_tx::bytes
            [data], [%x0, {corner}], [bar];
        {Wait}
        {Show}
        """;

    private static void Copy(SimMemory memory, TensorMap map, string corner, nint y, int threads) =>
        Hopper(Loading(map, corner), threads, memory, (ulong)Upload(memory, SimTensorMap.Encode(map)), (ulong)y);

    private static void CopyOut(SimMemory memory, TensorMap from, TensorMap to, string corner) => Hopper(Place + $$"""
        @!%p0 bra DONE;
        mbarrier.arrive.expect_tx.shared.b64 _, [bar], {{from.BoxBytes}};
        cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [data], [%x0, {0, 0}], [bar];
        {{Wait}}
        cp.async.bulk.tensor.2d.global.shared::cta.tile.bulk_group [%x1, {{corner}}], [data];
        cp.async.bulk.commit_group;
        cp.async.bulk.wait_group 0;
        DONE:
        """, 32, memory, (ulong)Upload(memory, SimTensorMap.Encode(from)),
        (ulong)Upload(memory, SimTensorMap.Encode(to)));
}
