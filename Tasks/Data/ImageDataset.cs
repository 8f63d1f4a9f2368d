namespace Diffract.Tasks;

/// <summary>Numbered pictures, with or without class labels. Reading is safe from many threads at once.</summary>
public abstract class ImageDataset
{
    /// <summary>The label of a picture without one.</summary>
    public const int Unlabelled = -1;

    /// <summary>Number of pictures.</summary>
    public abstract int Count { get; }

    /// <summary>Names of the classes, label 0 first; empty when pictures have no labels.</summary>
    public abstract IReadOnlyList<string> ClassNames { get; }

    /// <summary>Whether pictures have labels.</summary>
    public bool IsLabelled => ClassNames.Count > 0;

    /// <summary>The label of a picture, 0 … classes-1, or <see cref="Unlabelled"/>; known without reading the picture.
    /// </summary>
    public abstract int Label(int index);

    /// <summary>A name of the picture that stays the same from run to run and from machine to machine: its path below
    /// the data set's folder, with slashes, or the name of the file that holds it and its number there.</summary>
    public abstract string Id(int index);

    /// <summary>Reads the picture.</summary>
    /// <exception cref="ImageException">The picture is broken.</exception>
    /// <exception cref="Engine.DiffractException">No picture can be read any more.</exception>
    public abstract Image Load(int index);

    /// <summary>Picture, label and name.</summary>
    /// <exception cref="ImageException">The picture is broken.</exception>
    public DataItem this[int index] => new(Load(index), Label(index), Id(index));
}
