using Diffract.Engine;

namespace Diffract.Model;

/// <summary>A checkpoint whose names and shapes fit no network that can be built.</summary>
public sealed class NetworkDetectionException(string message) : DiffractException(message);
