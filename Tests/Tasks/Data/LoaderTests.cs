using Diffract.Engine;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

public sealed class LoaderTests
{
    private sealed record Seen(int Epoch, int Number, int[] Indices, long[] Labels, float[] Images);

    private static List<Seen> Run(IEnumerable<Batch> batches, int most = int.MaxValue)
    {
        var seen = new List<Seen>();
        foreach (var batch in batches.Take(most))
        {
            using (batch)
            {
                Assert.That(batch.Images.Shape[0], Is.EqualTo(batch.Count));
                seen.Add(new(batch.Epoch, batch.Number, [.. batch.Indices], batch.Labels.ToArray<long>(),
                    batch.Images.ToArray<float>()));
            }
        }
        return seen;
    }

    private static void AssertSame(List<Seen> found, List<Seen> expected)
    {
        Assert.That(found, Has.Count.EqualTo(expected.Count));
        foreach (var (a, b) in found.Zip(expected))
        {
            Assert.That((a.Epoch, a.Number), Is.EqualTo((b.Epoch, b.Number)));
            Assert.That(a.Indices, Is.EqualTo(b.Indices));
            Assert.That(a.Labels, Is.EqualTo(b.Labels));
            Assert.That(a.Images, Is.EqualTo(b.Images));
        }
    }

    private static LoaderOptions Training(int workers = 2) =>
        LoaderOptions.Training(8, 4, seed: 7) with { Workers = workers };

    [Test]
    public void Pictures_come_in_order_as_numbers_between_minus_one_and_one()
    {
        var loader = new Loader(new FakeDataset(10, side: 16), LoaderOptions.Evaluation(size: 8, batchSize: 4));

        var seen = Run(loader.Epoch());

        Assert.That(loader.BatchesPerEpoch, Is.EqualTo(3));
        Assert.That(seen.SelectMany(batch => batch.Indices), Is.EqualTo(Enumerable.Range(0, 10)));
        Assert.That(seen.SelectMany(batch => batch.Labels),
            Is.EqualTo(Enumerable.Range(0, 10).Select(i => (long)i % 2)));
        Assert.That(seen[2].Images, Has.Length.EqualTo(2 * 8 * 8 * 3));
        Assert.That(seen[2].Images.Take(192), Is.All.EqualTo(8 / 127.5f - 1));
    }

    [Test]
    public void The_shape_is_batch_height_width_three()
    {
        var loader = new Loader(new FakeDataset(3), LoaderOptions.Evaluation(size: 8, batchSize: 3));

        using var batch = loader.Epoch().Single();

        Assert.That(batch.Images.Shape, Is.EqualTo(Shape.Of(3, 8, 8, 3)));
        Assert.That((batch.Images.DType, batch.Labels.DType), Is.EqualTo((DType.Float32, DType.Int64)));
    }

    [Test]
    public void The_number_of_threads_changes_nothing([Values(1, 2, 3, 8)] int workers)
    {
        var data = new FakeDataset(50, side: 21, broken: [3, 17]);

        var found = Run(new Loader(data, Training(workers) with { Prefetch = workers }).Epoch(2));

        AssertSame(found, Run(new Loader(data, Training(1)).Epoch(2)));
    }

    [Test]
    public void A_pass_resumes_at_any_batch()
    {
        var loader = new Loader(new FakeDataset(23, side: 12), Training());
        var whole = Run(loader.Epoch(5));

        for (var first = 0; first <= whole.Count; first++) AssertSame(Run(loader.Epoch(5, first)), whole[first..]);
    }

    [Test]
    public void Counting_steps_goes_on_from_epoch_to_epoch()
    {
        var loader = new Loader(new FakeDataset(10, side: 12), Training());
        var epochs = new[] { 0, 1, 2 }.SelectMany(epoch => Run(loader.Epoch(epoch))).ToList();

        AssertSame(Run(loader.Steps(), most: 9), epochs);
        AssertSame(Run(loader.Steps(4), most: 5), epochs[4..]);
    }

    [Test, CancelAfter(20_000)]
    public void The_next_batches_are_made_while_one_is_used_across_epochs_and_no_more()
    {
        var data = new FakeDataset(8);
        var loader = new Loader(data, Training());
        using var steps = loader.Steps().GetEnumerator();

        for (var step = 0; step < 5; step++)
        {
            steps.MoveNext();
            // Of this one, of all before, and of those made ahead: the last batch of an epoch too has some after it.
            var expected = 4 * (step + 1 + loader.Options.Prefetch);
            Assert.That(() => data.Loads, Is.EqualTo(expected).After(10_000, 5));
            Thread.Sleep(20);
            Assert.That(data.Loads, Is.EqualTo(expected), "no further ahead: memory stays the same");
            steps.Current.Dispose();
        }
    }

    [Test]
    public void Waiting_for_pictures_is_counted()
    {
        var loader = new Loader(new FakeDataset(8), Training(1));
        Assert.That(loader.Waited, Is.EqualTo(TimeSpan.Zero));

        Run(loader.Epoch());

        Assert.That(loader.Waited, Is.GreaterThan(TimeSpan.Zero));
        Assert.That(loader.WaitedOf(2 * loader.Waited), Does.StartWith("waited ").And.EndWith(" 50.0 % of the time"));
    }

    [Test]
    public void Batches_of_broken_pictures_next_to_each_other_are_passed_over()
    {
        // One picture of three can be read: many orders have empty batches at an epoch's end and the next one's start.
        var options = LoaderOptions.Training(8, 1, seed: 3);
        var loader = new Loader(new FakeDataset(3, broken: [0, 2]), options);

        var seen = Run(loader.Steps(), most: 12);

        Assert.That(seen.Select(batch => batch.Epoch), Is.EqualTo(Enumerable.Range(0, 12)));
        Assert.That(seen.SelectMany(batch => batch.Indices), Is.All.EqualTo(1));
    }

    [Test]
    public void Every_epoch_has_an_order_of_its_own_and_every_picture_once()
    {
        var loader = new Loader(new FakeDataset(40), Training());

        var orders = Enumerable.Range(0, 3)
            .Select(epoch => Run(loader.Epoch(epoch)).SelectMany(batch => batch.Indices).ToArray()).ToArray();

        Assert.That(orders[0], Is.Not.EqualTo(orders[1]));
        Assert.That(orders[1], Is.Not.EqualTo(orders[2]));
        foreach (var order in orders) Assert.That(order, Is.EquivalentTo(Enumerable.Range(0, 40)));
        var other = new Loader(new FakeDataset(40), Training() with { Seed = 8 });
        Assert.That(Run(other.Epoch(0)).SelectMany(batch => batch.Indices), Is.Not.EqualTo(orders[0]));
    }

    [Test]
    public void Dropping_the_last_batch_keeps_whole_ones()
    {
        var options = Training() with { DropLast = true };

        Assert.That(Run(new Loader(new FakeDataset(11), options).Epoch()).Select(batch => batch.Indices.Length),
            Is.EqualTo(new[] { 4, 4 }));
        Assert.That(Run(new Loader(new FakeDataset(3), options).Epoch()), Is.Empty);
        Assert.That(() => new Loader(new FakeDataset(3), options).Steps().First(), Throws.TypeOf<DatasetException>());
    }

    [Test]
    public void Broken_pictures_are_left_out_counted_and_named()
    {
        var data = new FakeDataset(12, broken: [1, 4, 5, 6, 7]);
        var loader = new Loader(data, LoaderOptions.Evaluation(8, 4));

        var seen = Run(loader.Epoch());
        Run(loader.Epoch(1));

        Assert.That(seen.Select(batch => batch.Number), Is.EqualTo(new[] { 0, 2 }), "batch 1 has nothing left");
        Assert.That(seen[0].Indices, Is.EqualTo(new[] { 0, 2, 3 }));
        Assert.That(seen[0].Labels, Is.EqualTo(new long[] { 0, 0, 1 }));
        Assert.That(seen[0].Images.Skip(2 * 192), Is.All.EqualTo(3 / 127.5f - 1));
        Assert.That(loader.Broken.Count, Is.EqualTo(5), "each counts once, however many epochs");
        Assert.That(loader.Broken.ToString(),
            Does.StartWith("5 broken pictures were left out: picture-1 (it is broken),"));
    }

    [Test]
    public void A_broken_picture_ends_the_run_when_asked()
    {
        var data = new FakeDataset(20, broken: [13, 14]);
        var options = LoaderOptions.Evaluation(8, 4) with { Prefetch = 5 };
        var loader = new Loader(data, options, new BrokenImages(stop: true));
        var seen = new List<int>();

        Assert.That(() =>
        {
            foreach (var batch in loader.Epoch())
            {
                seen.Add(batch.Number);
                batch.Dispose();
            }
        }, Throws.TypeOf<ImageException>().With.Message.EqualTo("picture-13: it is broken"));
        Assert.That(seen, Is.EqualTo(new[] { 0, 1, 2 }), "the batches before it are delivered");
    }

    [Test]
    public void Nothing_but_broken_pictures_does_not_run_for_ever()
    {
        var loader = new Loader(new FakeDataset(3, broken: [0, 1, 2]), Training());

        Assert.That(() => loader.Steps().First(), Throws.TypeOf<DatasetException>().With.Message.Contains("picture-0"));
    }

    [Test, CancelAfter(20_000)]
    public void Cancelling_ends_the_pass()
    {
        using var cancellation = new CancellationTokenSource();
        var loader = new Loader(new FakeDataset(100), Training());
        var batches = 0;

        Assert.That(() =>
        {
            foreach (var batch in loader.Steps(cancellation: cancellation.Token))
            {
                batch.Dispose();
                if (++batches == 5) cancellation.Cancel();
            }
        }, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(batches, Is.InRange(5, 5 + Training().Prefetch));
    }

    [Test]
    public void A_fault_that_is_not_of_a_picture_reaches_the_caller()
    {
        var loader = new Loader(new Subset(new FakeDataset(3), [0, 1, 99]), LoaderOptions.Evaluation(8, 2));

        Assert.That(() => Run(loader.Epoch()), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void A_batch_belongs_to_no_scope()
    {
        Batch batch;
        using (Scope.Open()) batch = new Loader(new FakeDataset(4), Training()).Epoch().First();

        using (batch) Assert.That(batch.Labels.ToArray<long>(), Has.Length.EqualTo(4));
        Assert.That(batch.Images.IsDisposed, Is.True);
    }

    [Test]
    public void Leaving_a_pass_early_leaves_no_memory_behind()
    {
        // What other tests forgot must not come back meanwhile.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var before = Device.Cpu.Memory.LiveBlocks;

        foreach (var batch in new Loader(new FakeDataset(100), Training(3)).Epoch())
        {
            batch.Dispose();
            if (batch.Number == 3) break;
        }
        Run(new Loader(new FakeDataset(30, broken: [0, 1, 2, 3, 9]), Training(3)).Epoch());

        Assert.That(Device.Cpu.Memory.LiveBlocks, Is.EqualTo(before));
    }
}
