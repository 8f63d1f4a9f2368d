using Diffract.Engine;

namespace Diffract.Autograd;

/// <summary>Trades time for memory: a part of a network keeps only its inputs, and runs again when backward needs what
/// lies between (Chen et al. 2016, "Training deep nets with sublinear memory cost").</summary>
public static class Recompute
{
    /// <summary>Runs <paramref name="body"/> now without recording it, and again in backward. Both runs must give
    /// the same result.</summary>
    /// <param name="body">From the inputs to one result; may use parameters beside them.</param>
    /// <param name="inputs">The tensors that change from call to call; gradients flow back to them.</param>
    /// <param name="generator">What the body draws from (dropout): it draws the same numbers again.</param>
    public static Tensor Run(Func<Tensor[], Tensor> body, ReadOnlySpan<Tensor> inputs, Generator? generator = null) =>
        Op.Apply(new RecomputeOp(body, generator), [.. inputs]);

    private sealed class RecomputeOp(Func<Tensor[], Tensor> body, Generator? generator) : Op
    {
        private readonly GeneratorState? before = generator?.State;
        private readonly DType? cast = Autocast.Current;

        public override string Name => "recompute";

        protected override bool TakesAnyLayout => true;

        protected override bool TakesHalf => true;

        internal override bool ReachesParameters => true;

        protected override Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs)
        {
            using var scope = Scope.Open();
            var copies = new Tensor[inputs.Length];
            for (var i = 0; i < inputs.Length; i++) copies[i] = inputs[i]!.Detach();
            var (skipped, outer) = (GradMode.HasSkipped, GradMode.WillRunAgain);
            (GradMode.HasSkipped, GradMode.WillRunAgain) = (false, true);
            Tensor y;
            try
            {
                using (Autocast.Use(cast)) y = body(copies);
            }
            finally
            {
                GradMode.WillRunAgain = outer;
            }
            if (GradMode.HasSkipped || y.RequiresGrad) context.Record();
            GradMode.HasSkipped |= skipped;
            foreach (var input in inputs) context.Save(input);
            // What the body returns may be an input or a parameter, which belong to somebody else.
            return scope.Keep(y.Detach());
        }

        protected override void Backward(OpContext context, Tensor dy)
        {
            var inputs = new Tensor[context.SavedCount];
            for (var i = 0; i < inputs.Length; i++)
            {
                inputs[i] = context.Saved(i).Detach();
                if (context.Needs(i)) inputs[i].RequiresGrad = true;
            }
            using (GradMode.Yes())
            {
                Tensor y;
                using (Autocast.Use(cast)) y = Again(inputs);
                if (y.RequiresGrad) context.BackwardInside(y, dy, inputs);
            }
            for (var i = 0; i < inputs.Length; i++)
                if (context.Needs(i) && inputs[i].Grad is { } gradient) context.SetGrad(i, gradient);
        }

        private Tensor Again(Tensor[] inputs)
        {
            if (generator is null) return body(inputs);
            var now = generator.State;
            generator.State = before!.Value;
            try
            {
                return body(inputs);
            }
            finally
            {
                generator.State = now;
            }
        }
    }
}
