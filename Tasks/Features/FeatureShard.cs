namespace Diffract.Tasks;

/// <summary>One file of a feature cache.</summary>
/// <param name="Number">Which shard, from 0.</param>
/// <param name="First">Position in the data set of its first image.</param>
/// <param name="Count">Images dealt with, those that could not be read included.</param>
/// <param name="Rows">Images with features.</param>
/// <param name="File">Name of the file in the folder.</param>
/// <param name="Sha256">SHA-256 of the file, lower-case hexadecimal.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Written">When the file was written or last found to have this hash: as long as its time is this one, it
/// is not read whole again.</param>
public sealed record FeatureShard(
    int Number, int First, int Count, int Rows, string File, string Sha256, long Bytes, DateTime Written);
