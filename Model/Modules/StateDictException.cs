using Diffract.Engine;

namespace Diffract.Model;

/// <summary>A state dict that does not fit a module; the message lists everything that is wrong.</summary>
public sealed class StateDictException(string message) : DiffractException(message);
