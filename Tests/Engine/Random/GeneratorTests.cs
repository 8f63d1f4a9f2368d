using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests.Engine;

public sealed class GeneratorTests
{
    [Test]
    public void Equal_seeds_give_equal_numbers_and_others_do_not()
    {
        Assert.That(Words(new Generator(1)), Is.EqualTo(Words(new Generator(1))));
        Assert.That(Words(new Generator(1)), Is.Not.EqualTo(Words(new Generator(2))));
    }

    [Test]
    public void A_saved_state_continues_where_it_was()
    {
        var generator = new Generator(9);
        _ = Words(generator);
        var state = generator.State;
        var expected = Words(generator);
        Assert.That(Words(new Generator(0) { State = state }), Is.EqualTo(expected));
    }

    [Test]
    public void Splitting_depends_on_the_number_and_not_on_what_was_drawn()
    {
        var early = new Generator(5);
        var late = new Generator(5);
        _ = Words(late);
        Assert.That(Words(early.Split(3)), Is.EqualTo(Words(late.Split(3))));
    }

    [Test]
    public void Streams_and_streams_of_streams_differ()
    {
        var root = new Generator(5);
        var streams = new[] { root, root.Split(0), root.Split(1), root.Split(0).Split(1), root.Split(1).Split(0) };
        var firsts = streams.Select(g => string.Join(",", Words(g))).ToList();
        Assert.That(firsts, Is.Unique);
    }

    [Test]
    public void Integers_are_in_range_and_even()
    {
        var generator = new Generator(1);
        var counts = new int[6];
        for (var i = 0; i < 60_000; i++) counts[generator.NextInt64(-2, 4) + 2]++;
        // Five standard deviations of a binomial: 10,000 ± 456.
        Assert.That(counts, Has.All.InRange(9_544, 10_456));
    }

    [Test]
    public void An_empty_range_is_refused() =>
        Assert.That(() => new Generator(1).NextInt64(3, 3), Throws.TypeOf<ArgumentOutOfRangeException>());

    [Test]
    public void A_permutation_has_every_number_once()
    {
        var order = new Generator(3).Permutation(1000);
        Assert.That(order, Is.Not.Ordered);
        Assert.That(order.Order(), Is.EqualTo(Enumerable.Range(0, 1000)));
        Assert.That(new Generator(3).Permutation(0), Is.Empty);
    }

    [Test]
    public void Permutations_are_equally_likely()
    {
        var generator = new Generator(4);
        var counts = Enumerable.Range(0, 24_000).Select(_ => string.Concat(generator.Permutation(4)))
            .GroupBy(p => p).Select(g => g.Count()).ToList();
        Assert.That(counts, Has.Count.EqualTo(24));
        Assert.That(counts, Has.All.InRange(845, 1155));
    }

    private static uint[] Words(Generator generator) => [.. Enumerable.Range(0, 20).Select(_ => generator.NextWord())];
}
