using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

/// <summary>Changes of tensors in place, outside any graph: each is noted in the storage's version.</summary>
internal static class InPlace
{
    /// <summary>True when an operation may write its result over an input that its caller gave up: no backward and no
    /// other tensor would see the old content.</summary>
    public static bool MayTake(Tensor input, OpContext context) =>
        !context.IsRecording && input.Storage is { IsExclusive: true, IsReadOnly: false };

    /// <summary>The memory of an input as an operation's result.</summary>
    public static Tensor Take(Tensor input)
    {
        input.Storage.MarkChanged();
        return input.Window(input.Shape, input.Offset);
    }

    /// <summary>target = source, bit by bit; equal shape and type.</summary>
    public static void Copy(Tensor source, Tensor target)
    {
        StridedCopy.Forward.Run(target.Device, target.DType,
            new(source.StridedView, target.StridedView, new CopyPlan(source.Shape, source.Steps, target.Steps)));
        target.Storage.MarkChanged();
    }

    /// <summary>target = source, wherever either is; equal shape and type.</summary>
    public static void Load(Tensor source, Tensor target)
    {
        if (source.Device == target.Device)
        {
            Copy(source, target);
            return;
        }
        using var no = GradMode.No();
        using var scope = Scope.Open();
        target.CopyFrom(source.Contiguous());
    }

    /// <summary>A tensor of zeros like another, outside every scope.</summary>
    public static Tensor ZerosLike(Tensor tensor)
    {
        using var no = GradMode.No();
        return Scope.Detach(Tensor.ZerosLike(tensor));
    }
}
