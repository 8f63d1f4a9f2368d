namespace Diffract.Tasks;

/// <summary>Which part of a data set is meant.</summary>
public enum DatasetPart
{
    /// <summary>What is learned from.</summary>
    Train,

    /// <summary>What is only scored on.</summary>
    Test,
}
