namespace Diffract.Tasks;

/// <summary>The files the quickstart works on, beside the program: a part of Fashion-MNIST and a small U-Net that was
/// pretrained on other images of it.</summary>
public static class QuickstartAssets
{
    /// <summary>Images of the official training set that are in the sample: the first ones. The network was pretrained
    /// on the others.</summary>
    public const int TrainImages = 4000;

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Quickstart");

    /// <summary>The idx files.</summary>
    public static string Data => Path.Combine(Folder, "fashion-mnist");

    /// <summary>The U-Net.</summary>
    public static string Network => Path.Combine(Folder, "unet.safetensors");
}
