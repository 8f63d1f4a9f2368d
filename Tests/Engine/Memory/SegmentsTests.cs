using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests.Engine.Memory;

/// <summary>Blocks cut from segments never overlap, and become whole again.</summary>
internal sealed class SegmentsTests
{
    private const long Unit = Segments.Granularity, Segment = 32 << 20;

    [Test]
    public void Blocks_of_a_random_life_never_overlap_and_leave_nothing_behind()
    {
        var segments = new Segments(new NativeSource());
        var random = new Random(1);
        var live = new List<(nint Address, long Length)>();
        for (var step = 0; step < 4000; step++)
        {
            if (live.Count > 0 && random.Next(100) < 48)
            {
                var i = random.Next(live.Count);
                segments.Return(live[i].Address);
                live.RemoveAt(i);
                continue;
            }
            var length = Unit * (1 + (long)(Math.Pow(random.NextDouble(), 4) * 600));
            var address = segments.Rent(length, lasting: random.Next(20) == 0);
            foreach (var other in live)
                Assert.That(address + length <= other.Address || other.Address + other.Length <= address, Is.True,
                    $"step {step}");
            live.Add((address, length));
        }
        foreach (var (address, _) in live) segments.Return(address);
        segments.Release();
        Assert.That(segments.FreeBytes, Is.Zero, "a segment did not become whole again");
    }

    [Test]
    public void Neighbours_that_are_free_serve_a_larger_block()
    {
        var segments = new Segments(new NativeSource());
        var addresses = Enumerable.Range(0, 4).Select(_ => segments.Rent(Segment / 4, false)).ToArray();
        Assert.That(segments.FreeBytes, Is.Zero, "four quarters fill one segment");
        foreach (var i in new[] { 2, 0, 1 }) segments.Return(addresses[i]);
        Assert.That(segments.Rent(Segment / 4 * 3, false), Is.EqualTo(addresses.Min()));
        Assert.That(segments.FreeBytes, Is.Zero);
    }

    [Test]
    public void The_smallest_block_that_is_large_enough_is_taken()
    {
        var segments = new Segments(new NativeSource());
        nint large = segments.Rent(2 * Segment, false), small = segments.Rent(Segment, false);
        segments.Return(large);
        segments.Return(small);
        Assert.That(segments.Rent(Segment / 2, false), Is.EqualTo(small));
    }

    [Test]
    public void A_lasting_block_divides_nothing()
    {
        var segments = new Segments(new NativeSource());
        segments.Return(segments.Rent(Segment, false));
        var lasting = segments.Rent(Unit, lasting: true);
        Assert.That(segments.FreeBytes, Is.LessThanOrEqualTo(Segment).And.Not.EqualTo(Segment - Unit));
        segments.Return(lasting);
    }

    [Test]
    public void What_is_free_goes_back_to_the_system_before_more_is_asked_for()
    {
        var segments = new Segments(new NativeSource());
        var small = Enumerable.Range(0, 4).Select(_ => segments.Rent(Segment, false)).ToArray();
        foreach (var address in small) segments.Return(address);
        Assert.That(segments.FreeBytes, Is.EqualTo(4 * Segment));
        segments.Rent(3 * Segment, false);
        Assert.That(segments.FreeBytes, Is.EqualTo(Segment));
    }
}
