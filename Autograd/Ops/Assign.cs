using Diffract.Engine;
using Diffract.Kernels;

namespace Diffract.Autograd;

/// <summary>Writing into tensors that exist already: parameters, buffers, optimiser state.</summary>
public static class AssignOps
{
    extension(Tensor target)
    {
        /// <summary>Overwrites the elements with those of another tensor, converting their type. Nothing is recorded,
        /// and a backward that still needs the old content will refuse to run.</summary>
        /// <param name="source">A tensor of the same shape on the same device, of any layout.</param>
        /// <exception cref="ShapeException">The shapes differ, or the target is not contiguous.</exception>
        /// <exception cref="DeviceException">The devices differ.</exception>
        /// <exception cref="InvalidOperationException">The target's memory is read-only.</exception>
        public void Assign(Tensor source)
        {
            if (target.Shape != source.Shape)
                throw new ShapeException($"Assign: the target is {target.Shape}, the source {source.Shape}");
            if (target.Device != source.Device)
                throw new DeviceException($"Assign: the target is on {target.Device}, the source on {source.Device}");
            if (target.Storage.IsReadOnly)
                throw new InvalidOperationException("Assign: the target's memory is read-only (a mapped file)");
            using var no = GradMode.No();
            using var scope = Scope.Open();
            if (target.DType == source.DType) InPlace.Copy(source, target);
            else
            {
                Cast.Forward.Run(target.Device, source.DType, new(source.Contiguous().View, target.View));
                target.Storage.MarkChanged();
            }
        }
    }
}
