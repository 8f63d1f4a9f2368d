using Diffract.Engine;

namespace Diffract.Autograd;

/// <summary>Gradients of tensors.</summary>
public static class GradOps
{
    extension(Tensor tensor)
    {
        /// <summary>True for a leaf that collects a gradient, and for everything calculated from one. Set it on a leaf
        /// (a parameter, an input), before the forward.</summary>
        /// <exception cref="InvalidOperationException">Set on a result of an operation, or on integers.</exception>
        public bool RequiresGrad
        {
            get => tensor.GradSlot is GradState { RequiresGrad: true };
            set
            {
                tensor.ThrowIfDisposed();
                if (tensor.GradSlot is GradState { Node: not null })
                    throw new InvalidOperationException("RequiresGrad can be set on leaves only; use Detach() to make "
                        + "one of a result");
                if (value && !tensor.DType.IsFloating())
                    throw new DTypeException($"only floating-point tensors have gradients, this one is {tensor.DType}");
                if (tensor.GradSlot is GradState state) state.RequiresGrad = value;
                else if (value) tensor.GradSlot = new GradState(null) { RequiresGrad = true };
            }
        }

        /// <summary>The gradient that <c>Backward</c> has added up so far; null before the first, and after it was set
        /// to null. It belongs to the tensor: do not dispose it.</summary>
        public Tensor? Grad
        {
            get => (tensor.GradSlot as GradState)?.Grad;
            set
            {
                if (tensor.GradSlot is not GradState state)
                    throw new InvalidOperationException("a tensor without RequiresGrad has no gradient to set");
                if (value is not null && value.Shape != tensor.Shape)
                    throw new ShapeException($"the gradient is {value.Shape}, the tensor {tensor.Shape}");
                if (value is not null && value.DType != tensor.DType)
                    throw new DTypeException($"the gradient is {value.DType}, the tensor {tensor.DType}");
                if (ReferenceEquals(state.Grad, value)) return;
                state.Grad?.Dispose();
                state.Grad = value is null ? null : Scope.Detach(value);
            }
        }

        /// <summary>True for a tensor that no recorded operation has made.</summary>
        public bool IsLeaf => tensor.GradSlot is not GradState { Node: not null };

        /// <summary>Calculates the gradient of this result with respect to every leaf that requires one, and adds it
        /// to the leaf's <c>Grad</c>.</summary>
        /// <param name="gradient">Gradient of this result, of its shape; 1 for a single value when left out.</param>
        /// <param name="retainGraph">Keeps what was saved, so that it can run again.</param>
        public void Backward(Tensor? gradient = null, bool retainGraph = false) =>
            BackwardPass.ToLeaves(tensor, gradient, retainGraph);

        /// <summary>The gradients of this result with respect to <paramref name="inputs"/> only; no <c>Grad</c>
        /// changes, and gradients that lead to none of the inputs are not calculated. Null where the result does not
        /// depend on an input.</summary>
        public Tensor?[] GradientsOf(ReadOnlySpan<Tensor> inputs, Tensor? gradient = null, bool retainGraph = false) =>
            BackwardPass.ToTargets(tensor, gradient, retainGraph, inputs);

        /// <summary>The same elements, cut from the graph: a leaf that requires no gradient.</summary>
        public Tensor Detach() => tensor.Window(tensor.Shape, tensor.Offset, [.. tensor.Strides]);

        internal Tensor Detached() => Scope.Detach(tensor);
    }
}
