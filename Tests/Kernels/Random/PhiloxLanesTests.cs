using Diffract.Engine;
using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Kernels;

public sealed class PhiloxLanesTests
{
    [AnyWidth]
    [TestCase(0ul, 0ul, 0ul)]
    [TestCase(7ul, 123_456_789_012ul, 3ul)]
    [TestCase(ulong.MaxValue, 0xFFFF_FFFCul, ulong.MaxValue, TestName = "The_lower_word_runs_over_inside_the_lanes")]
    public unsafe void Eight_counters_give_what_each_gives(ulong key, ulong low, ulong high)
    {
        var words = new uint[PhiloxLanes.Words];
        fixed (uint* p = words) PhiloxLanes.Fill(key, low, high, p);
        for (ulong i = 0; i < 8; i++)
        {
            var (w0, w1, w2, w3) = Philox.Block(key, low + i, high);
            Assert.That(words[(int)(4 * i)..][..4], Is.EqualTo(new[] { w0, w1, w2, w3 }), $"counter {i}");
        }
    }
}
