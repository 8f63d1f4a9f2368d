using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>An image file that is broken, and stays so: missing, closed to this user, truncated, corrupt, too large, or
/// of a kind that is not supported.</summary>
public sealed class ImageException : DiffractException
{
    /// <summary>Describes what is wrong with an image.</summary>
    /// <param name="name">The file, as the caller named it.</param>
    /// <param name="problem">What is wrong, in one sentence without a full stop.</param>
    /// <param name="inner">The exception this one explains, if any.</param>
    public ImageException(string name, string problem, Exception? inner = null) : base($"{name}: {problem}", inner)
    {
        Name = name;
        Problem = problem;
    }

    /// <summary>The file, as the caller named it.</summary>
    public string Name { get; }

    /// <summary>What is wrong, without the file's name.</summary>
    public string Problem { get; }
}
