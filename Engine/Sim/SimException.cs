namespace Diffract.Engine.Sim;

/// <summary>A kernel did on the simulated device what no device promises to survive: it read where nothing lies or
/// where nothing was written, two threads raced, part of a warp reached an instruction that needs all of it. Or its
/// text cannot be run.</summary>
public sealed class SimException(string message, Exception? inner = null) : DiffractException(message, inner);
