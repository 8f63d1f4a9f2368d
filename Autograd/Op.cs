using Diffract.Engine;

namespace Diffract.Autograd;

/// <summary>One differentiable operation: a class with its settings as fields, its forward and its backward.
/// <code>
/// internal sealed class SquareOp : Op
/// {
///     protected override Tensor Forward(OpContext context, ReadOnlySpan&lt;Tensor?&gt; inputs)
///     {
///         context.Save(inputs[0]);
///         return inputs[0]! * inputs[0]!;
///     }
///     protected override void Backward(OpContext context, Tensor dy) =>
///         context.SetGrad(0, dy * context.Saved(0) * 2);
/// }
/// var y = Op.Apply(new SquareOp(), x);
/// </code></summary>
public abstract class Op
{
    /// <summary>The operation's name in messages and in the op table: the class's, without "Op".</summary>
    public virtual string Name => GetType().Name is var name && name.EndsWith("Op", StringComparison.Ordinal)
        ? name[..^2]
        : GetType().Name;

    /// <summary>True for an operation that reads strides itself. Others are given contiguous inputs.</summary>
    protected virtual bool TakesAnyLayout => false;

    /// <summary>True for an operation that takes 16-bit floats as they are. Others are given float32, and
    /// their result is rounded to the 16-bit type, unless the first input is float32 (and a weight is kept short).
    /// </summary>
    protected virtual bool TakesHalf => false;

    /// <summary>Like <see cref="TakesHalf"/>, for an operation that takes 16-bit floats on some devices, or some of its
    /// inputs short and others not. Asked only where an input is short.</summary>
    protected virtual bool TakesHalfOf(Device device, ReadOnlySpan<Tensor?> inputs) => TakesHalf;

    /// <summary>What the operation does with its inputs' types inside <see cref="Autocast"/>.</summary>
    protected virtual CastRule CastRule => CastRule.Follow;

    /// <summary>True for an operation whose backward reaches parameters that are not among its inputs; its forward
    /// says with <see cref="OpContext.Record"/> that there are some.</summary>
    internal virtual bool ReachesParameters => false;

    /// <summary>Calculates the result. Gradients and <see cref="Autocast"/> are off inside, so it may use other
    /// operations. The result must not be one of the inputs: return a view of it instead.</summary>
    /// <param name="context">Keeps what backward will need.</param>
    /// <param name="inputs">Contiguous tensors of one device; null where an optional input was left out.</param>
    protected abstract Tensor Forward(OpContext context, ReadOnlySpan<Tensor?> inputs);

    /// <summary>Calculates the gradients of the inputs that need one and hands each to
    /// <see cref="OpContext.SetGrad"/>. Runs in a scope of its own, with gradients off.</summary>
    /// <param name="context">What forward kept.</param>
    /// <param name="dy">Gradient of the result: its shape and type, contiguous.</param>
    protected abstract void Backward(OpContext context, Tensor dy);

    /// <summary>Runs an operation and, when a gradient will be wanted, records it.</summary>
    /// <exception cref="DeviceException">The inputs are on different devices.</exception>
    public static Tensor Apply(Op op, params ReadOnlySpan<Tensor?> inputs)
    {
        var device = CommonDevice(op, inputs);
        if (Autocast.Changes(op.CastRule, inputs)) return ApplyCast(op, device, inputs);
        var half = HalfOf(inputs);
        if (half is not null && !op.TakesHalfOf(device, inputs)) return ApplyInSingle(op, inputs, half.Value);
        if (!op.TakesAnyLayout && !AllContiguous(inputs)) return ApplyContiguous(op, inputs);

        var context = new OpContext(op, inputs);
        try
        {
            Tensor result;
            using (GradMode.No())
            using (Autocast.Off()) result = op.Forward(context, inputs);
            if (inputs.Contains(result))
                throw new InvalidOperationException($"{op.Name}: Forward returned one of its inputs; return a view");
            if (Anomaly.IsOn) Anomaly.CheckForward(op, inputs, result);
            if (context.IsRecording && result.DType.IsFloating()) context.Attach(result);
            else context.Release();
            return result;
        }
        catch
        {
            context.Release();
            throw;
        }
    }

    internal void RunBackward(OpContext context, Tensor dy) => Backward(context, dy);

    private static Device CommonDevice(Op op, ReadOnlySpan<Tensor?> inputs)
    {
        Device? device = null;
        foreach (var input in inputs)
        {
            if (input is null) continue;
            input.ThrowIfDisposed();
            if (device is not null && device != input.Device)
                throw new DeviceException($"{op.Name}: inputs are on different devices, {device} and {input.Device}; "
                    + "move one with To(device)");
            device = input.Device;
        }
        return device ?? Device.Cpu;
    }

    private static DType? HalfOf(ReadOnlySpan<Tensor?> inputs)
    {
        foreach (var input in inputs) if (input is not null && input.DType.IsHalf()) return input.DType;
        return null;
    }

    private static bool AllContiguous(ReadOnlySpan<Tensor?> inputs)
    {
        foreach (var input in inputs) if (input is { IsContiguous: false }) return false;
        return true;
    }

    private static Tensor ApplyCast(Op op, Device device, ReadOnlySpan<Tensor?> inputs)
    {
        using var scope = Scope.Open();
        var cast = Autocast.Inputs(op.CastRule, inputs);
        // Where the kernels round parameters on their way, their gradients are never rounded.
        if (op.CastRule == CastRule.Layer && !op.TakesHalfOf(device, cast))
            Autocast.RoundParameters(op.CastRule, cast);
        using (Autocast.Off()) return scope.Keep(Apply(op, cast));
    }

    private static Tensor ApplyInSingle(Op op, ReadOnlySpan<Tensor?> inputs, DType half)
    {
        var single = inputs.ToArray();
        using var scope = Scope.Open();
        for (var i = 0; i < single.Length; i++)
        {
            if (single[i] is not { } input || !input.DType.IsHalf()) continue;
            var wide = single[i] = input.To(DType.Float32);
            wide.Storage.IsTransient = true;
        }
        var result = Apply(op, single);
        var rounds = result.DType == DType.Float32 && inputs[0]?.DType != DType.Float32;
        return scope.Keep(rounds ? result.To(half) : result);
    }

    private static Tensor ApplyContiguous(Op op, ReadOnlySpan<Tensor?> inputs)
    {
        var dense = inputs.ToArray();
        using var scope = Scope.Open();
        for (var i = 0; i < dense.Length; i++) dense[i] = dense[i]?.Contiguous();
        return scope.Keep(Apply(op, dense));
    }
}
