namespace Diffract.Engine;

/// <summary>The kinds of file that hold tensors.</summary>
public enum TensorFileFormat
{
    /// <summary>A length, a JSON header, raw little-endian data.</summary>
    Safetensors,

    /// <summary>What <c>torch.save</c> writes since PyTorch 1.6: a zip archive of a pickle and raw storages.</summary>
    TorchZip,

    /// <summary>What <c>torch.save</c> wrote before: five pickles, then raw storages.</summary>
    TorchLegacy,
}
