using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests.Engine;

/// <summary>The generator against the known answers that its authors publish with Random123.</summary>
public sealed class PhiloxTests
{
    [TestCase(0ul, 0ul, 0ul, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [TestCase(ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [TestCase(0x299f31d0_a4093822ul, 0x85a308d3_243f6a88ul, 0x03707344_13198a2eul,
        0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)]
    public void Gives_the_known_answers(ulong key, ulong low, ulong high, uint w0, uint w1, uint w2, uint w3) =>
        Assert.That(Philox.Block(key, low, high), Is.EqualTo((w0, w1, w2, w3)));

    [Test]
    public void A_word_is_the_block_s_at_its_position()
    {
        var (w0, w1, w2, w3) = Philox.Block(7, 25, 3);
        uint[] words = [.. Enumerable.Range(100, 4).Select(i => Philox.Word(new GeneratorState(7, 3, (ulong)i)))];
        Assert.That(words, Is.EqualTo(new[] { w0, w1, w2, w3 }));
    }
}
