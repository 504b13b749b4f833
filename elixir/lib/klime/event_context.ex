defmodule Klime.EventContext do
  @moduledoc """
  Where an event comes from: the library that sent it, and the user's IP address if it was given.
  """

  alias Klime.{LibraryInfo, Wire}

  @typedoc "Where an event comes from."
  @type t :: %__MODULE__{library: LibraryInfo.t() | nil, ip: String.t() | nil}

  defstruct library: nil, ip: nil

  @doc """
  A context of this library; `:ip` and `:library` can be given.

      iex> Klime.EventContext.new().library.name
      "elixir-sdk"
      iex> Klime.EventContext.new(ip: "203.0.113.7").ip
      "203.0.113.7"
  """
  @spec new(keyword() | map()) :: t()
  def new(options \\ []) do
    options = Map.new(options)
    %__MODULE__{library: Map.get(options, :library) || LibraryInfo.new(), ip: Map.get(options, :ip)}
  end

  @doc """
  As it is on the wire.

      iex> Klime.EventContext.to_map(%Klime.EventContext{ip: "203.0.113.7"})
      %{"ip" => "203.0.113.7"}
  """
  @spec to_map(t()) :: map()
  def to_map(%__MODULE__{library: library, ip: ip}) do
    context = if library, do: %{"library" => LibraryInfo.to_map(library)}, else: %{}
    if ip, do: Map.put(context, "ip", ip), else: context
  end

  @doc false
  def from_map(map) when is_map(map) do
    %__MODULE__{library: LibraryInfo.from_map(Wire.get(map, "library")), ip: Wire.get(map, "ip")}
  end

  def from_map(_), do: nil
end
