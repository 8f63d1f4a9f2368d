namespace Diffract.Engine;

/// <summary>Tells files apart by their first bytes.</summary>
internal static class FileKinds
{
    public static FileContent Read(FileBytes file)
    {
        CheckMachine();
        if (file.Length == 0) throw file.Error(0, "the file is empty");
        if (SafetensorsReader.Recognises(file)) return SafetensorsReader.Read(file);
        if (ZipReader.Recognises(file)) return TorchReader.Read(file);
        if (TorchLegacyReader.Recognises(file)) return TorchLegacyReader.Read(file);
        throw file.Error(0, "neither safetensors nor a file that torch.save wrote");
    }

    /// <summary>The formats are little-endian, and elements are used where they lie.</summary>
    public static void CheckMachine()
    {
        if (!BitConverter.IsLittleEndian)
            throw new PlatformNotSupportedException("files of tensors are for little-endian machines only");
    }
}
