using Diffract.Autograd;
using Diffract.Engine;
using Diffract.Kernels;
using Diffract.Model;
using NUnit.Framework;

namespace Diffract.Tests;

[TestFixture]
internal sealed class MultiplyAddsTests
{
    [Test]
    public void A_network_costs_what_its_plan_says()
    {
        using var scope = Scope.Open();
        using var network = Network();
        var (x, t) = (Tensor.Randn([2, 32, 32, 3], new Generator(1)), Tensor.From([5L, 6L], [2]));
        using var no = GradMode.No();
        using var outer = MultiplyAdds.Count();
        foreach (var block in (int[])[1, 5, 9, network.Plan.Last])
        {
            using var counter = MultiplyAdds.Count();
            network.Run(x, t, taps: Taps.At(block)).Dispose();
            // The blocks' embeddings are calculated once an image, as the plan has them.
            Assert.That(counter.Total, Is.EqualTo(2 * network.Plan.MacsUpTo(block)), $"block {block}");
        }
        using (var whole = MultiplyAdds.Count())
        {
            network.Forward(x, t).Dispose();
            Assert.That(whole.Total, Is.EqualTo(2 * network.Plan.Macs));
        }
        Assert.That(outer.Total, Is.EqualTo(2 * (new[] { 1, 5, 9, network.Plan.Last }.Sum(network.Plan.MacsUpTo)
            + network.Plan.Macs)));
    }

    [Test]
    public void Backward_of_everything_costs_twice_the_forward()
    {
        using var scope = Scope.Open();
        using var network = Network();
        var x = Tensor.Randn([1, 32, 32, 3], new Generator(1));
        x.RequiresGrad = true;
        using var counter = MultiplyAdds.Count();
        var loss = network.Forward(x, Tensor.From([5L], [1])).Mean();
        var forward = counter.Total;
        loss.Backward();
        // The sinusoids of the time step want no gradient.
        var sinusoids = (long)network.Plan.Config.ModelChannels * network.Plan.EmbeddingChannels;
        Assert.That(counter.Total - forward, Is.EqualTo(2 * forward - sinusoids));
    }

    [Test]
    public void Without_a_counter_nothing_is_counted()
    {
        using var scope = Scope.Open();
        var a = Tensor.Ones([4, 4]);
        MultiplyAdds ended;
        using (ended = MultiplyAdds.Count()) a.MatMul(a);
        using (var apart = MultiplyAdds.Count(apart: true)) a.MatMul(a);
        a.MatMul(a);
        Assert.That(ended.Total, Is.EqualTo(64));
    }

    private static UNet Network()
    {
        var network = new UNet(new UNetConfig
        {
            ImageSize = 32,
            ModelChannels = 32,
            ChannelMult = [1, 1, 2],
            NumResBlocks = 1,
            AttentionResolutions = [2, 4],
            NumHeadChannels = 16,
        });
        network.Initialise(new Generator(0));
        network.Eval();
        return network;
    }
}
